package archive

import "reflect"

// Files lists the files that a record names, wherever in it they stand.
func (r *Record) Files() []*File {
	files := namedFiles(reflect.ValueOf(r.Message), nil)
	for _, holding := range []any{r.Profile, r.Story, r.Music} {
		files = namedFiles(reflect.ValueOf(holding), files)
	}
	if r.Photo != nil {
		files = append(files, &r.Photo.Photo)
	}
	return files
}

// namedFiles collects every File below v. It looks at the types instead
// of a list of fields, so that a field that is added later is not forgotten.
func namedFiles(v reflect.Value, files []*File) []*File {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return files
		}
		if f, ok := v.Interface().(*File); ok {
			return append(files, f)
		}
		return namedFiles(v.Elem(), files)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				files = namedFiles(v.Field(i), files)
			}
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return files
		}
		for i := range v.Len() {
			files = namedFiles(v.Index(i), files)
		}
	}
	return files
}
