package meshtest

// Database is the URL of a cluster's database, to look into its tables.
func (c *Cluster) Database() string { return c.store }
