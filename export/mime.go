package export

import "strings"

// extension returns the ending that Telegram Desktop gives to a file without a
// name, or other if it knows none for the type.
func extension(mime, other string) string {
	switch strings.ToLower(mime) {
	case "video/mp4":
		return ".mp4"
	case "video/webm":
		return ".webm"
	case "video/quicktime":
		return ".qt"
	case "video/x-matroska":
		return ".mkv"
	case "video/mpeg":
		return ".mpeg"
	case "video/x-msvideo", "video/avi":
		return ".avi"
	case "video/3gpp":
		return ".3gp"
	case "audio/mpeg", "audio/mp3", "audio/mpeg3":
		return ".mp3"
	case "audio/ogg":
		return ".oga"
	case "audio/opus", "audio/x-opus+ogg":
		return ".opus"
	case "audio/mp4", "audio/m4a", "audio/x-m4a":
		return ".m4a"
	case "audio/flac", "audio/x-flac":
		return ".flac"
	case "audio/wav", "audio/x-wav", "audio/vnd.wave":
		return ".wav"
	case "audio/aac":
		return ".aac"
	}
	return imageOrDocumentExtension(mime, other)
}

func imageOrDocumentExtension(mime, other string) string {
	switch strings.ToLower(mime) {
	case "image/jpeg", "image/jpg":
		return ".jpg"
	case "image/png":
		return ".png"
	case "image/gif":
		return ".gif"
	case "image/webp":
		return ".webp"
	case "image/heic", "image/heif":
		return ".heic"
	case "image/svg+xml":
		return ".svg"
	case "image/tiff":
		return ".tif"
	case "image/bmp":
		return ".bmp"
	case "application/x-tgsticker":
		return ".tgs"
	case "application/pdf":
		return ".pdf"
	case "application/zip":
		return ".zip"
	case "application/gzip", "application/x-gzip":
		return ".gz"
	case "application/x-7z-compressed":
		return ".7z"
	case "application/json":
		return ".json"
	case "application/epub+zip":
		return ".epub"
	case "application/vnd.android.package-archive":
		return ".apk"
	case "text/plain":
		return ".txt"
	case "text/html":
		return ".html"
	case "text/csv":
		return ".csv"
	}
	return other
}
