package normal

import (
	"math"

	"github.com/gotd/td/tg"

	"telekeep/archive"
)

func placeMedia(m tg.MessageMediaClass) *archive.Media {
	switch m := m.(type) {
	case *tg.MessageMediaGeoLive:
		p := place(m.Geo)
		p.Period, p.Heading, p.Radius = m.Period, m.Heading, m.ProximityNotificationRadius
		return &archive.Media{Kind: archive.MediaKindLive, Place: p}
	case *tg.MessageMediaVenue:
		p := place(m.Geo)
		p.Title, p.Address = m.Title, m.Address
		p.Provider, p.VenueID, p.VenueType = m.Provider, m.VenueID, m.VenueType
		return &archive.Media{Kind: archive.MediaKindVenue, Place: p}
	case *tg.MessageMediaGeo:
		return &archive.Media{Kind: archive.MediaKindLocation, Place: place(m.Geo)}
	}
	return nil
}

func place(g tg.GeoPointClass) *archive.Place {
	point, ok := g.(*tg.GeoPoint)
	if !ok || !finite(point.Lat) || !finite(point.Long) {
		return &archive.Place{}
	}
	return &archive.Place{
		Valid:     true,
		Latitude:  point.Lat,
		Longitude: point.Long,
		Accuracy:  point.AccuracyRadius,
	}
}

// finite reports whether JSON has a number for f.
func finite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }
