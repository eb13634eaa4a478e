package normal

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/tg"
)

// A maker fills TL objects at random, within a depth, so that they can be
// encoded. The same seed makes the same objects.
type maker struct {
	*rand.Rand
	known     []reflect.Type // every constructor of the layer, as pointers, by name
	classes   map[reflect.Type][]reflect.Type
	buildable map[depthOf]bool
	optional  map[fieldOf]bool
}

type depthOf struct {
	t     reflect.Type
	depth int
}

type fieldOf struct {
	t reflect.Type
	i int
}

func newMaker(seed uint64) *maker {
	m := &maker{
		Rand:      rand.New(rand.NewPCG(seed, 1)),
		classes:   map[reflect.Type][]reflect.Type{},
		buildable: map[depthOf]bool{},
		optional:  map[fieldOf]bool{},
	}
	for _, build := range tg.TypesConstructorMap() {
		m.known = append(m.known, reflect.TypeOf(build()))
	}
	slices.SortFunc(m.known, func(a, b reflect.Type) int { return strings.Compare(a.String(), b.String()) })
	return m
}

// reseed starts the random numbers anew; what was learnt of the types stays.
func (m *maker) reseed(seed uint64) *maker {
	m.Rand = rand.New(rand.NewPCG(seed, 1))
	return m
}

// constructors lists the constructors of a class, given as an interface type.
func (m *maker) constructors(class reflect.Type) []reflect.Type {
	list, ok := m.classes[class]
	if !ok {
		for _, t := range m.known {
			if t.Implements(class) {
				list = append(list, t)
			}
		}
		m.classes[class] = list
	}
	return list
}

// canBuild reports whether a value of type t fits into depth levels of nesting.
func (m *maker) canBuild(t reflect.Type, depth int) bool {
	if depth < 0 {
		return false
	}
	key := depthOf{t, depth}
	if known, ok := m.buildable[key]; ok {
		return known
	}
	fits := true
	switch t.Kind() {
	case reflect.Interface:
		fits = slices.ContainsFunc(m.constructors(t), func(c reflect.Type) bool { return m.canBuild(c.Elem(), depth-1) })
	case reflect.Struct:
		for i := range t.NumField() {
			fits = fits && m.canBuild(t.Field(i).Type, depth)
		}
	}
	m.buildable[key] = fits
	return fits
}

// make returns a new, filled value of pointer type t.
func (m *maker) make(t reflect.Type, depth int) reflect.Value {
	v := reflect.New(t.Elem())
	m.fill(v.Elem(), depth)
	return v
}

func (m *maker) message(depth int) tg.MessageClass {
	if m.IntN(3) == 0 {
		return m.make(reflect.TypeFor[*tg.MessageService](), depth).Interface().(tg.MessageClass)
	}
	return m.make(reflect.TypeFor[*tg.Message](), depth).Interface().(tg.MessageClass)
}

func (m *maker) fill(v reflect.Value, depth int) {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(m.IntN(2) == 0)
	case reflect.Int:
		v.SetInt(int64(pick(m, 0, 1, 7, 1<<20, math.MaxInt32, -1)))
	case reflect.Int64:
		v.SetInt(pick(m, 0, 1, m.Int64(), -m.Int64(), math.MinInt64))
	case reflect.Float64:
		v.SetFloat(pick(m, 0, 1.5, -90, math.NaN(), math.Inf(1)))
	case reflect.String:
		v.SetString(pick(m, "", "a", "Ünïcode 🤖", "two\nlines\x01"))
	case reflect.Slice:
		m.fillSlice(v, depth)
	case reflect.Interface:
		m.fillInterface(v, depth)
	case reflect.Struct:
		m.fillStruct(v, depth)
	}
}

func pick[T any](m *maker, of ...T) T { return of[m.IntN(len(of))] }

func (m *maker) fillSlice(v reflect.Value, depth int) {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		v.SetBytes(pick(m, nil, []byte{1}, []byte("0a0b")))
		return
	}
	if !m.canBuild(v.Type().Elem(), depth-1) {
		return
	}
	list := reflect.MakeSlice(v.Type(), m.IntN(3), 3)
	for i := range list.Len() {
		m.fill(list.Index(i), depth-1)
	}
	v.Set(list)
}

func (m *maker) fillInterface(v reflect.Value, depth int) {
	var fit []reflect.Type
	for _, c := range m.constructors(v.Type()) {
		if m.canBuild(c.Elem(), depth-1) {
			fit = append(fit, c)
		}
	}
	if len(fit) > 0 {
		v.Set(m.make(pick(m, fit...), depth-1))
	}
}

func (m *maker) fillStruct(v reflect.Value, depth int) {
	for i := range v.NumField() {
		f := v.Field(i)
		if f.Type() == reflect.TypeFor[bin.Fields]() {
			continue
		}
		if m.mayMiss(v.Type(), i) && m.IntN(2) == 0 {
			continue
		}
		m.fill(f, depth)
	}
	setFlags(v)
}

// setFlags makes the flags of v say which of its fields are there, as encoding
// and decoding would.
func setFlags(v reflect.Value) {
	object, ok := v.Addr().Interface().(interface{ SetFlags() })
	if !ok {
		return
	}
	for i := range v.NumField() {
		if v.Field(i).Type() == reflect.TypeFor[bin.Fields]() {
			v.Field(i).SetZero()
		}
	}
	object.SetFlags()
}

// mayMiss reports whether field i of t, a class or an object, is conditional:
// whether an object without it can be encoded.
func (m *maker) mayMiss(t reflect.Type, i int) bool {
	kind := t.Field(i).Type.Kind()
	if kind != reflect.Interface && kind != reflect.Struct {
		return false
	}
	key := fieldOf{t, i}
	if known, ok := m.optional[key]; ok {
		return known
	}
	m.optional[key] = false // so that the trial below fills everything
	trial := m.make(reflect.PointerTo(t), 8)
	trial.Elem().Field(i).SetZero()
	encoder, ok := trial.Interface().(bin.Encoder)
	m.optional[key] = ok && encoder.Encode(&bin.Buffer{}) == nil
	return m.optional[key]
}
