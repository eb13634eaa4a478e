package layer

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tdp"
	"github.com/gotd/td/tg"
)

func translator(t testing.TB) *Translator {
	t.Helper()
	tr, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func encode(t testing.TB, v bin.Encoder) []byte {
	t.Helper()
	var b bin.Buffer
	if err := v.Encode(&b); err != nil {
		t.Fatalf("%T: %v", v, err)
	}
	return b.Raw()
}

// words are 32-bit numbers and strings as TL writes them.
func words(all ...any) []byte {
	var b bin.Buffer
	for _, v := range all {
		switch v := v.(type) {
		case int:
			b.PutUint32(uint32(v))
		case int64:
			b.PutLong(v)
		case string:
			b.PutString(v)
		case []byte:
			b.Buf = append(b.Buf, v...)
		}
	}
	return b.Buf
}

func TestOlderForms(t *testing.T) {
	tr := translator(t)
	for name, test := range map[string]struct {
		layer int
		of    bin.Encoder
		want  []byte
	}{
		"a field that is left out takes its flag along": {
			227, &tg.User{ID: 5, Self: true, FirstName: "A", LinkedCommunityID: 9},
			words(0x31774388, 1<<10|1<<1, 0, int64(5), "A"),
		},
		"today's layer stays as it is": {
			tg.Layer, &tg.User{ID: 5, LinkedCommunityID: 9}, encode(t, &tg.User{ID: 5, LinkedCommunityID: 9}),
		},
		"inside other objects": {
			227, &tg.UserClassVector{Elems: []tg.UserClass{&tg.UserEmpty{ID: 4}, &tg.User{ID: 5}}},
			words(bin.TypeVector, 2, 0xd3bc4b7a, int64(4), 0x31774388, 0, 0, int64(5)),
		},
		"without a flags word": {
			227, &tg.BotCommand{Ephemeral: true, Command: "c", Description: "d"}, words(0xc27ac8c7, "c", "d"),
		},
		"buttons": {
			227, &tg.ReplyInlineMarkup{ForceReply: true, Rows: []tg.KeyboardInlineButtonRow{{Buttons: []tg.KeyboardInlineButton{
				{Text: "go", Type: &tg.InlineButtonTypeURL{URL: "u"}, Style: tg.KeyboardButtonStyle{BgPrimary: true}},
				{Text: "off", Type: &tg.InlineButtonTypeDisabled{}},
				{Text: "cb", Type: &tg.InlineButtonTypeCallback{RequiresPassword: true, Data: []byte("d")}},
			}}}},
			words(0x48a30254, bin.TypeVector, 1, 0x77608b83, bin.TypeVector, 2,
				0xd80c25ec, 1<<10, 0x4fdd3430, 1, "go", "u", 0xe62bc960, 1, "cb", "d"),
		},
		"buttons without style": {
			198, &tg.KeyboardButton{Text: "ask", Style: tg.KeyboardButtonStyle{BgDanger: true}, Type: &tg.ButtonTypeDefault{}},
			words(0xa2fa4880, "ask"),
		},
		"what is new becomes something that is empty": {
			198, &tg.MessageService{ID: 1, PeerID: &tg.PeerUser{UserID: 2}, Date: 3, Action: &tg.MessageActionGiftTon{Currency: "TON"}},
			words(0xd3d28540, 0, 1, 0x59511722, int64(2), 3, 0xb6aef7b0),
		},
		"and so do media; the flag stays": {
			198, &tg.Message{ID: 1, PeerID: &tg.PeerUser{UserID: 2}, Date: 3, Message: "m", Media: &tg.MessageMediaToDo{}},
			words(0x96fdbbe9, 1<<9, 0, 1, 0x59511722, int64(2), 3, "m", 0x9f84f49e),
		},
		"what may be missing is": {
			198, &tg.Message{ID: 1, PeerID: &tg.PeerUser{UserID: 2}, RichMessage: tg.RichMessage{Blocks: []tg.PageBlockClass{}}, Entities: []tg.MessageEntityClass{
				&tg.MessageEntityBold{Length: 4}, &tg.MessageEntityFormattedDate{Length: 2},
			}},
			words(0x96fdbbe9, 1<<7, 0, 1, 0x59511722, int64(2), 0, "", bin.TypeVector, 1, 0xbd610bc9, 0, 4),
		},
		"a field that is gone is zero": {
			198, &tg.MessageActionGiftPremium{Currency: "EUR", Amount: 7, Days: 90},
			words(0x6c6274fa, 0, "EUR", int64(7), 0),
		},
		"a field that was always there": {
			198, &tg.PollAnswerVoters{Option: []byte("o"), Correct: true}, words(0x3b6ddad2, 1<<1, "o", 0),
		},
		"a flag that was that of other fields too": {
			198, &tg.MessageActionGiftCode{Unclaimed: true, Slug: "s"}, words(0x56d03994, 0, 0, "s"),
		},
		"a Bool that may be absent": {
			227, &tg.MessageService{ID: 1, PeerID: &tg.PeerUser{UserID: 2}, Action: func() tg.MessageActionClass {
				a := &tg.MessageActionTopicEdit{}
				a.SetClosed(true)
				return a
			}()},
			words(0x7a800e0a, 0, 1, 0x59511722, int64(2), 0, 0xc0944820, 1<<2, 0x997275b5),
		},
	} {
		if got := encode(t, tr.For(test.of, test.layer)); !bytes.Equal(got, test.want) {
			t.Errorf("%s:\n got %x\nwant %x", name, got, test.want)
		}
	}
}

func TestUnsayable(t *testing.T) {
	tr := translator(t)
	for _, v := range []bin.Encoder{
		&tg.UpdateShort{Update: &tg.UpdateNewEphemeralMessage{}},
		&tg.MessagesChatFull{FullChat: &tg.CommunityFull{}},
	} {
		if err := tr.For(v, 227).Encode(&bin.Buffer{}); !errors.Is(err, ErrUnsayable) {
			t.Errorf("%T: %v", v, err)
		}
	}
}

func TestOlderRequests(t *testing.T) {
	tr := translator(t)
	search := &tg.MessagesSearchGlobalRequest{Q: "q", Filter: &tg.InputMessagesFilterEmpty{}, OffsetPeer: &tg.InputPeerEmpty{}, Limit: 3}
	now := encode(t, search)
	old := append(words(0x4bc6589a), now[4:]...)
	if got := tr.Request(old, 227); !bytes.Equal(got, now) {
		t.Errorf("got %x, want %x", got, now)
	}
	if got := tr.Request(old, tg.Layer); !bytes.Equal(got, old) {
		t.Error("today's layer has no such request")
	}
	var contacts tg.ContactsSearchRequest
	if err := contacts.Decode(&bin.Buffer{Buf: tr.Request(words(0x11f812d8, "q", 4), 198)}); err != nil || contacts.Q != "q" || contacts.Limit != 4 {
		t.Errorf("%+v, %v", contacts, err)
	}
	if got := tr.Request([]byte{1}, 198); !bytes.Equal(got, []byte{1}) {
		t.Errorf("a stump became %x", got)
	}
}

func TestWhichLayersAreKnown(t *testing.T) {
	tr := translator(t)
	for layer, want := range map[int]bool{tg.Layer + 1: true, tg.Layer: true, 228: false, 227: true, 226: false, 198: true, 197: false, 0: false} {
		if tr.Knows(layer) != want {
			t.Errorf("layer %d: known %v, want %v", layer, !want, want)
		}
	}
}

// Every name and field in a table is one of today's layer.
func TestTablesNameWhatIs(t *testing.T) {
	if tg.Layer != 229 {
		t.Errorf("the tables say what differs from layer 229, and this is %d", tg.Layer)
	}
	tr := translator(t)
	fields := map[string][]string{}
	for _, construct := range tg.TypesConstructorMap() {
		v := construct()
		l, err := tr.layouts.of(reflect.TypeOf(v).Elem())
		if err != nil {
			t.Fatal(err)
		}
		fields[l.name] = []string{""}
		for _, f := range l.fields {
			fields[l.name] = append(fields[l.name], f.name)
		}
	}
	for layer, table := range tr.tables {
		for name, c := range table.types {
			for _, all := range []any{c.drop, c.always, c.after} {
				for _, key := range reflect.ValueOf(all).MapKeys() {
					if !slices.Contains(fields[name], key.String()) {
						t.Errorf("layer %d: %s has no field %q", layer, name, key)
					}
				}
			}
		}
		for name := range table.missing {
			if fields[name] == nil {
				t.Errorf("layer %d: nothing is called %s", layer, name)
			}
		}
		for kind, b := range table.buttons {
			of := append(slices.Clone(fields[kind]), fields["keyboardButton"]...)
			for _, name := range b.fields {
				if !slices.Contains(of, name) {
					t.Errorf("layer %d: %s has no field %q", layer, kind, name)
				}
			}
		}
	}
}

// Where nothing differs, objects of every constructor are written as gotd does.
func TestWritesAsGotdDoes(t *testing.T) {
	tr := translator(t)
	same := &table{}
	m := newMaker(rand.New(rand.NewPCG(1, 2)))
	compared := 0
	for _, id := range m.ids() {
		v := m.constructors[id]()
		info := v.(tdp.Object).TypeInfo()
		if strings.HasSuffix(reflect.TypeOf(v).Elem().Name(), "Request") {
			continue // never written here
		}
		if info.Name == "accessPointRule" || info.Name == "help.configSimple" {
			continue // bare vectors; they come by DNS and not by a connection
		}
		for range 3 {
			v := m.constructors[id]()
			if !m.fill(reflect.ValueOf(v).Elem(), 0) {
				break
			}
			var want bin.Buffer
			if err := v.Encode(&want); err != nil {
				continue // two fields share a flag, and only one was made up
			}
			compared++
			got := writer{b: &bin.Buffer{}, table: same, layouts: &tr.layouts}
			if err := got.whole(v); err != nil {
				t.Errorf("%s: %v", info.Name, err)
			} else if !bytes.Equal(got.b.Buf, want.Buf) {
				t.Errorf("%s:\n got %x\nwant %x", info.Name, got.b.Buf, want.Buf)
			}
		}
	}
	if compared < 4000 {
		t.Errorf("just %d objects were compared", compared)
	}
}

// A maker makes objects of the API at random.
type maker struct {
	*rand.Rand
	constructors map[uint32]func() bin.Object
	classes      map[reflect.Type][]uint32
}

func newMaker(r *rand.Rand) *maker {
	return &maker{Rand: r, constructors: tg.TypesConstructorMap(), classes: map[reflect.Type][]uint32{}}
}

// ids are all constructors in one order.
func (m *maker) ids() []uint32 {
	var ids []uint32
	for id, construct := range m.constructors {
		if _, ok := construct().(tdp.Object); ok && id != bin.TypeVector {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// fill sets fields; it reports whether it could. Deep down there is no more than must be.
func (m *maker) fill(v reflect.Value, depth int) bool {
	if depth > 12 {
		return false
	}
	switch v.Kind() {
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(m.Int32N(1 << 30)))
	case reflect.Uint8:
		v.SetUint(uint64(m.IntN(256)))
	case reflect.Float64:
		v.SetFloat(m.Float64())
	case reflect.Bool:
		v.SetBool(m.IntN(2) == 0)
	case reflect.String:
		v.SetString(strings.Repeat("x", 1+m.IntN(6)))
	case reflect.Array:
		for i := range v.Len() {
			m.fill(v.Index(i), depth)
		}
	case reflect.Slice:
		n := 1 + m.IntN(2)
		if depth > 4 {
			n = 0
		}
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			if !m.fill(v.Index(i), depth+1) {
				return false
			}
		}
	case reflect.Struct:
		return m.fields(v, depth)
	case reflect.Interface:
		return m.class(v, depth)
	}
	return true
}

func (m *maker) fields(v reflect.Value, depth int) bool {
	optional := map[string]bool{}
	if o, ok := v.Addr().Interface().(tdp.Object); ok {
		for _, f := range o.TypeInfo().Fields {
			optional[f.Name] = f.Null
		}
	}
	for i := range v.NumField() {
		if v.Type().Field(i).Type == flagsType {
			continue
		}
		if optional[v.Type().Field(i).Name] && (depth > 2 || m.IntN(2) == 0) {
			continue
		}
		if !m.fill(v.Field(i), depth+1) {
			return false
		}
	}
	return true
}

func (m *maker) class(v reflect.Value, depth int) bool {
	of := v.Type()
	if m.classes[of] == nil {
		for _, id := range m.ids() {
			if reflect.TypeOf(m.constructors[id]()).Implements(of) {
				m.classes[of] = append(m.classes[of], id)
			}
		}
	}
	for range 6 {
		made := reflect.ValueOf(m.constructors[m.classes[of][m.IntN(len(m.classes[of]))]]())
		if m.fill(made.Elem(), depth+1) {
			v.Set(made)
			return true
		}
	}
	return false
}
