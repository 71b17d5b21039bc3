package transcriber

// Loaded returns the catalogue names of the models in memory.
func (s *Service) Loaded() []string { return s.models.Loaded() }
