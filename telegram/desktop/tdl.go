package desktop

func isTdl([]byte) bool             { return false }
func (im *importer) readTdl() error { return ErrNoExport }
