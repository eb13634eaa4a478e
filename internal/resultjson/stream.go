package resultjson

import (
	"fmt"
	"reflect"
)

var accountType = reflect.TypeFor[Account]()

// chatKeys are the keys of a chat; at the top of a file they say that the
// file is the export of one chat.
var chatKeys = map[string]bool{"name": true, "type": true, "id": true, "messages": true}

// A chatReader reads one chat, key by key. Messages go to the visitor as they
// are read if the chat's type and id stand before them, as Telegram Desktop
// writes them; else they wait for the end of the chat.
type chatReader struct {
	*reader
	chat    Chat
	used    bool
	told    bool
	waiting []*Message
	ending  []byte // how messages end; see stretch
	odd     bool   // they do not, so no more is tried
	until   int64  // the offset of the end of the stretch that is read; 0 if there is none
}

func newChatReader(r *reader, left bool) *chatReader {
	return &chatReader{reader: r, chat: Chat{Left: left, Line: r.line}}
}

func (c *chatReader) member(key string) error {
	line := c.line
	c.used = true
	if key == "messages" {
		return wrap(key, line, c.messages())
	}
	v, err := c.value()
	if err != nil {
		return wrap(key, line, err)
	}
	header := struct {
		Name *Name  `key:"name"`
		Type string `key:"type"`
		ID   int64  `key:"id"`
	}{c.chat.Name, c.chat.Type, c.chat.ID}
	unknown, err := c.decoder.object(&value{kind: '{', line: line, members: []member{{key, line, v}}}, &header)
	for key, text := range unknown {
		c.chat.Unknown = append(c.chat.Unknown, KeyValue{key, text})
	}
	c.chat.Name, c.chat.Type, c.chat.ID = header.Name, header.Type, header.ID
	return err
}

func (c *chatReader) messages() error {
	defer func() { c.number = 0 }()
	passed := 0
	return c.array(func(i int) error {
		c.forget()
		if _, err := c.next(); err != nil {
			return err
		}
		n, err := c.pass()
		if n > 0 || err != nil {
			passed += n - 1
			return err
		}
		i += passed
		line := c.line
		v, err := c.value()
		if err != nil {
			return wrap(fmt.Sprintf("[%d]", i), line, err)
		}
		m := new(Message)
		c.number = i + 1
		err = c.decoder.message(v, m)
		c.number = 0
		if err != nil {
			return wrap(fmt.Sprintf("[%d]", i), v.line, err)
		}
		if c.chat.Type == "" || c.chat.ID == 0 {
			c.waiting = append(c.waiting, m)
			return nil
		}
		if err := c.visit(m); err != nil {
			return err
		}
		return c.passed()
	})
}

func (c *chatReader) visit(m *Message) error {
	if err := c.tell(m); err != nil {
		return err
	}
	c.chat.adopt(m)
	if c.visitor.Message == nil {
		return nil
	}
	if err := c.visitor.Message(&c.chat, m); err != nil {
		return &visitorError{err}
	}
	return nil
}

// tell announces the chat once, with its first message if it has any.
func (c *chatReader) tell(first *Message) error {
	if c.told {
		return nil
	}
	c.told = true
	c.chat.settle(first)
	if c.visitor.Chat == nil {
		return nil
	}
	if err := c.visitor.Chat(&c.chat); err != nil {
		return &visitorError{err}
	}
	return nil
}

// finish visits what had to wait.
func (c *chatReader) finish() error {
	if c.chat.Type == "" {
		return &keyError{c.chat.Line, "type", fmt.Errorf("a chat has none")}
	}
	for _, m := range c.waiting {
		if err := c.visit(m); err != nil {
			return err
		}
	}
	return c.tell(nil)
}
