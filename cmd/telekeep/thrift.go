package main

import (
	"telekeep/config"
	"telekeep/daemon"
)

// thriftOf is what the settings say waits.
func thriftOf(word string) daemon.Thrift {
	switch word {
	case config.WaitMedia:
		return daemon.ThriftMedia
	case config.WaitAll:
		return daemon.ThriftAll
	}
	return daemon.ThriftNone
}
