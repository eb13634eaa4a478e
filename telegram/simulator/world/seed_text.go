package world

import (
	"fmt"
	"strings"

	"github.com/gotd/td/tg"
)

// fullName makes the name of person n. The people do not exist.
func fullName(n int) (first, last string) {
	firsts := [...]string{
		"Ida", "Oskar", "Mila", "Тарас", "Noor", "Léa", "Björn", "Анна", "Yuki", "Carmen", "Dilan", "Zoë", "Pavel", "Ινώ", "Samir", "Greta",
	}
	lasts := [...]string{
		"Falk", "Moreau", "Lindqvist", "Коваль", "Haddad", "Santoro", "Brandt", "Орлова", "Tanaka", "Vidal", "Aydin", "Novak", "Kral", "Dimou", "Rahman", "Holm",
	}
	first, last = firsts[n%len(firsts)], lasts[(n+n/len(firsts))%len(lasts)]
	if n >= len(firsts)*len(lasts) {
		last = fmt.Sprintf("%s %d", last, n)
	}
	return first, last
}

// title makes the name of chat n.
func title(what string, n int) string {
	names := map[string][]string{
		"group": {"Sunday Walks", "Flat 12", "Choir", "Climbing Thursdays", "Neighbours", "Garden Plot 7"},
		"news":  {"Harbour News", "Old Maps", "Daily Recipe", "Night Trains", "Weather at the Coast"},
		"forum": {"Bicycle Workshop", "Boat Builders", "Board Games"},
		"bot":   {"Reminder Bot", "Timetable Bot", "Quiz Bot"},
	}[what]
	text := names[(n/2)%len(names)]
	if n >= len(plans) {
		text = fmt.Sprintf("%s %d", text, n)
	}
	return text
}

// topicTitles name the topics of a made-up forum.
var topicTitles = [topics]string{"General", "Questions", "Pictures", "For sale"}

// phrases are what people say, by language. Everybody keeps to one.
var phrases = [...][]string{
	{
		"Are we still on for Saturday?", "The boat leaves at half past nine.", "I found the map you were looking for.", "Could you send me the recipe again?",
		"It rained all night, the cellar is dry though.", "Thanks, that helped a lot!", "I'll be ten minutes late.", "Who has the key to the shed?", "Let me know when you are home.",
		"The new tyres are worth every cent.", "Nobody told me about the meeting.", "See the list, I have put my name down.",
	},
	{
		"Kommst du heute noch vorbei?", "Die Fähre fährt um halb zehn.", "Ich habe die Karte gefunden, die du gesucht hast.", "Schick mir bitte das Rezept noch einmal.",
		"Über Nacht hat es geregnet, der Keller ist trocken.", "Danke, das hat sehr geholfen!", "Ich verspäte mich um zehn Minuten.", "Wer hat den Schlüssel zum Schuppen?",
	},
	{
		"¿Vienes el sábado?", "El barco sale a las nueve y media.", "He encontrado el mapa que buscabas.", "¿Me mandas otra vez la receta, por favor?",
		"Llovió toda la noche, pero el sótano está seco.", "¡Gracias, me ayudó mucho!", "Llego diez minutos tarde.",
	},
	{
		"Ти сьогодні ще зайдеш?", "Пором відходить о пів на десяту.", "Я знайшла карту, яку ти шукав.", "Надішли, будь ласка, рецепт ще раз.",
		"Усю ніч ішов дощ, але в підвалі сухо.", "Дякую, це дуже допомогло!", "Запізнюся на десять хвилин.",
	},
	{
		"هل سنلتقي يوم السبت؟", "تبحر السفينة في التاسعة والنصف.", "وجدت الخريطة التي كنت تبحث عنها.", "أرسل لي الوصفة مرة أخرى من فضلك.", "شكرا، ساعدني ذلك كثيرا!",
	},
	{
		"土曜日はまだ大丈夫ですか。", "船は九時半に出ます。", "探していた地図を見つけました。", "レシピをもう一度送ってください。", "ありがとう、とても助かりました！",
	},
	{
		"क्या शनिवार को मिलेंगे?", "नाव साढ़े नौ बजे जाती है।", "मुझे वह नक्शा मिल गया।", "धन्यवाद, बहुत मदद मिली!",
	},
}

// speak makes what a writer says: some sentences, emoji, formats. Most writers
// speak one of the first languages.
func speak(writer, throw uint64) (string, []tg.MessageEntityClass) {
	d := dice(throw)
	language := phrases[min(writer%11, writer%7)%uint64(len(phrases))]
	p := &pen{}
	for n := range 1 + d.below(forText+1<<8, 3) {
		if n > 0 {
			p.put(" ")
		}
		phrase := language[d.below(forText+uint64(n)<<16, len(language))]
		switch d.below(forText+uint64(n)<<24, 40) {
		case 0:
			p.mark(phrase, func(o, l int) tg.MessageEntityClass { return &tg.MessageEntityBold{Offset: o, Length: l} })
		case 1:
			p.mark(phrase, func(o, l int) tg.MessageEntityClass { return &tg.MessageEntityItalic{Offset: o, Length: l} })
		case 2:
			p.mark(phrase, func(o, l int) tg.MessageEntityClass { return &tg.MessageEntitySpoiler{Offset: o, Length: l} })
		case 3:
			p.mark(phrase, func(o, l int) tg.MessageEntityClass {
				return &tg.MessageEntityBlockquote{Offset: o, Length: l, Collapsed: true}
			})
		default:
			p.put(phrase)
		}
	}
	p.ending(d)
	return p.text.String(), p.entities
}

// A pen writes a text and counts in UTF-16 units, as entities do.
type pen struct {
	text     strings.Builder
	length   int
	entities []tg.MessageEntityClass
}

func (p *pen) put(s string) {
	p.text.WriteString(s)
	p.length += utf16Len(s)
}

func (p *pen) mark(s string, entity func(offset, length int) tg.MessageEntityClass) {
	p.entities = append(p.entities, entity(p.length, utf16Len(s)))
	p.put(s)
}

// ending adds a little something to some messages.
func (p *pen) ending(d dice) {
	switch d.below(forText+2<<8, 24) {
	case 0, 1, 2:
		p.put(" 🙂")
	case 3:
		p.put(" ")
		p.mark("🎉", func(o, l int) tg.MessageEntityClass {
			return &tg.MessageEntityCustomEmoji{Offset: o, Length: l, DocumentID: emojiID(d.below(forText, emojis))}
		})
	case 4:
		p.put(" ")
		p.mark("https://example.org/list", func(o, l int) tg.MessageEntityClass { return &tg.MessageEntityURL{Offset: o, Length: l} })
	case 5:
		p.put(" ")
		p.mark("#saturday", func(o, l int) tg.MessageEntityClass { return &tg.MessageEntityHashtag{Offset: o, Length: l} })
	case 6:
		p.put("\n")
		p.mark("ls -l ~/maps", func(o, l int) tg.MessageEntityClass {
			return &tg.MessageEntityPre{Offset: o, Length: l, Language: "sh"}
		})
	}
}
