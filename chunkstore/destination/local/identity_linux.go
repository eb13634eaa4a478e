package local

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Identity returns what tells the file system of the folder from others for as long as it
// exists, wherever and how often it is mounted: words such as "type=ext4", "uuid=…" and
// "fsid=…". What cannot be found out is left out; of a network file system only the type is
// known.
func (d *Destination) Identity(ctx context.Context) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	f, err := d.root.Open(".")
	if err != nil {
		return "", fmt.Errorf("file system: %w", err)
	}
	defer f.Close() // read only
	var fs unix.Statfs_t
	if err := unix.Fstatfs(int(f.Fd()), &fs); err != nil {
		return "", fmt.Errorf("file system: %w", err)
	}
	words := []string{fmt.Sprintf("type=%x", uint32(fs.Type))}
	if uuid := fileSystemUUID(f); uuid != "" {
		words = append(words, "uuid="+uuid)
	}
	if id := fs.Fsid.Val; stableFsid(int64(fs.Type)) && id != [2]int32{} {
		words = append(words, fmt.Sprintf("fsid=%08x%08x", uint32(id[0]), uint32(id[1])))
	}
	return strings.Join(words, " "), nil
}

// stableFsid reports whether a file system makes its id of its UUID. Others make it of the
// number of the device, which changes from plug to plug.
func stableFsid(kind int64) bool {
	switch kind {
	case unix.EXT4_SUPER_MAGIC, unix.BTRFS_SUPER_MAGIC, unix.F2FS_SUPER_MAGIC:
		return true
	}
	return false
}

// fileSystemUUID asks the kernel, which knows it since Linux 6.9, and then udev, for the
// UUID or serial number of the file system of an open file; "" if neither knows it.
func fileSystemUUID(f *os.File) string {
	const getUUID = 0x80111500 // FS_IOC_GETFSUUID: a length and up to 16 bytes
	var answer [17]byte
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), getUUID, uintptr(unsafe.Pointer(&answer)))
	if errno == 0 && answer[0] == 16 && [16]byte(answer[1:]) != [16]byte{} {
		u := answer[1:]
		return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
	}
	return udevUUID(f)
}

// udevUUID looks for the device of an open file among udev's links.
func udevUUID(f *os.File) string {
	var file, device unix.Stat_t
	if unix.Fstat(int(f.Fd()), &file) != nil {
		return ""
	}
	links, err := filepath.Glob("/dev/disk/by-uuid/*")
	if err != nil {
		return ""
	}
	for _, link := range links {
		if unix.Stat(link, &device) == nil && device.Mode&unix.S_IFMT == unix.S_IFBLK && device.Rdev == file.Dev {
			return strings.ToLower(filepath.Base(link))
		}
	}
	return ""
}
