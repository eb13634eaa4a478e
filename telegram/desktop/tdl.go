package desktop

func isTdl([]byte) bool              { return false }
func (im *importer) readTdl() error  { return ErrNoExport }
func (im *importer) readHTML() error { return ErrNoExport }
func (e *Export) listPages() error   { return nil }
