package viewer

import (
	"os"
	"testing"
)

// What people look at: the pictures are for eyes.
func TestLooks(t *testing.T) {
	b := open(t, serve(t, os.Getenv("VAULT"), os.Getenv("KEY")))
	b.until("previews", `document.querySelector('.chat .preview')?.textContent.trim().length > 1`)
	b.shot("start")
	chat := value[string](b, `document.querySelector('.chat').dataset.chat`)
	b.at("#/chat/" + chat)
	b.until("messages", `document.querySelectorAll('article').length > 10`)
	b.shot("chat")
	b.dark(true)
	b.shot("chat-dark")
	b.dark(false)
	b.at("#/health")
	b.until("health", `document.querySelector('.verdict')`)
	b.shot("health")
	for i, id := range value[[]string](b, `[...document.querySelectorAll('.chat')].map((c) => c.dataset.chat)`) {
		if i > 8 {
			break
		}
		b.at("#/chat/" + id)
		b.until("messages", `document.querySelectorAll('article').length > 3`)
		b.shot("chat-" + id)
	}
	b.window(390, 844, true)
	b.shot("phone-chat")
	b.at("#/")
	b.shot("phone")
	b.clean()
}
