package export

import (
	"embed"
	"io/fs"
	"strings"
)

//go:embed htmlassets
var assetFiles embed.FS

const assetsDir = "htmlassets/"

// assets writes style, scripts and pictures.
func (h *pages) assets() error {
	return fs.WalkDir(assetFiles, strings.TrimSuffix(assetsDir, "/"), func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := assetFiles.ReadFile(name)
		if err != nil {
			return err
		}
		return h.folder.writeFile(strings.TrimPrefix(name, assetsDir), content)
	})
}
