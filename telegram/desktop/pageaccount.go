package desktop

import (
	"path"
	"slices"
	"strings"

	"telekeep/internal/resultjson"
)

// pagedAccount takes in what the pages of a whole account tell beside the chats: the
// owner, contacts, pictures and stories.
func (im *importer) pagedAccount() error {
	if err := im.pagedOwner(); err != nil {
		return err
	}
	a := &resultjson.Account{}
	lists := map[string]func(*node){
		"contacts": func(n *node) {
			if a.Contacts == nil {
				a.Contacts = &resultjson.Contacts{}
			}
			date, _ := momentIn(n, im)
			a.Contacts.List = append(a.Contacts.List, resultjson.Contact{
				FirstName: n.find("name").words(), Phone: n.find("details_entry").words(), Date: date,
			})
		},
		"profile_pictures": func(n *node) {
			date, _ := momentIn(n, im)
			a.ProfilePictures = append(a.ProfilePictures, resultjson.Picture{Date: date, Photo: im.pictureOf(n)})
		},
		"stories": func(n *node) {
			date, _ := momentIn(n, im)
			a.Stories = append(a.Stories, resultjson.Story{Date: date, Media: im.pictureOf(n)})
		},
	}
	for _, list := range []string{"contacts", "profile_pictures", "stories"} {
		name := "lists/" + list + ".html"
		if !slices.Contains(im.export.pages, name) {
			continue
		}
		err := im.eachElement(name, func(n *node) bool { return n.has("entry") }, func(n *node, _ int) error {
			lists[list](n)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return im.holdings(a)
}

// pagedOwner reads the profile on the first page.
func (im *importer) pagedOwner() error {
	owner := &resultjson.Personal{}
	isInfo := func(n *node) bool { return n.has("personal_info") }
	err := im.eachElement(im.export.File, isInfo, func(n *node, _ int) error {
		n.all("row", func(row *node) {
			label, value := row.find("label").words(), row.find("value").words()
			switch strings.ToLower(label) {
			case "first name":
				owner.FirstName = value
			case "last name":
				owner.LastName = value
			case "phone number":
				owner.Phone = value
			case "username":
				owner.Username = value
			case "bio":
				owner.Bio = value
			}
		})
		return nil
	})
	if err != nil {
		return err
	}
	im.self = strings.TrimSpace(owner.FirstName + " " + owner.LastName)
	return im.personal(owner)
}

// momentIn reads the date that an entry of a list shows.
func momentIn(n *node, im *importer) (at int64, ok bool) {
	n.all("details", func(d *node) {
		for _, text := range []string{d.attrs["title"], d.words()} {
			if when, err := momentOf(text, im.Location); err == nil {
				at, ok = when, true
			}
		}
	})
	return at, ok
}

// pictureOf is the path of the picture that an entry of a list links to, or a remark in
// parentheses.
func (im *importer) pictureOf(n *node) string {
	link := firstLink(n)
	if link == nil || link.attrs["href"] == "" || isScheme.MatchString(link.attrs["href"]) {
		return "(Photo unavailable, please try again later)"
	}
	return path.Join("lists", link.attrs["href"])
}
