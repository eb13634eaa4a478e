// Package resultjson reads the result.json of a Telegram Desktop export, message
// by message, whatever version wrote it.
//
//	single chat                    whole account
//	{                              {
//	  "name", "type", "id",          "about", "personal_information", "contacts" …   -> Account
//	  "messages": [                  "chats": { "list": [
//	    {…},    -> Message               { "name", "type", "id", "messages": [ {…} ] }  -> Chat, Message
//	    {…}     -> Message             ] },
//	  ]                              "left_chats": { "list": [ … ] }
//	}                              }
//
// It accepts what real files hold and JSON forbids or leaves open: control
// characters written as \xHH, ids as numbers and as "user123", dates with and
// without date_unixtime, texts as a string or as an array. Keys it does not know
// are kept and reported. Memory is bounded by the largest message, not by the
// file, except where a chat's messages stand before its type and id.
//
// It never writes, never opens the media an export names and never guesses: what
// is not in the file stays zero.
package resultjson
