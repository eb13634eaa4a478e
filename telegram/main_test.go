package telegram

import (
	"flag"
	"os"
	"testing"
)

// Most tests here wait for a server that answers late, refuses or is gone: more of them run at
// once than there are processors, unless somebody says how many.
func TestMain(m *testing.M) {
	flag.Parse()
	if os.Getenv(servesEnv) != "" {
		serveBeside()
		return
	}
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		if err := flag.Set("test.parallel", "6"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}
