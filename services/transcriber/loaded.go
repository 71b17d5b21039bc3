package transcriber

// Loaded returns the catalogue names of the models in memory.
func (s *Service) Loaded() []string {
	var names []string
	for _, model := range s.models.Loaded() {
		names = append(names, model.Name)
	}
	return names
}
