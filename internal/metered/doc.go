// Package metered tells whether the link to the network is paid for by the byte, as far as
// NetworkManager knows.
//
//	                  system bus                       Watch
//	NetworkManager --- Metered (a property) ---------> tell(true or false)
//	               --- PropertiesChanged (a signal) --> tell, at once
//	     bus       --- NameOwnerChanged (a signal) ---> asked anew
//	 no bus, no NetworkManager, an error -------------> tell(false), tried again later
//
// It asks once and is told of changes: nothing is polled. What nobody knows is not metered. It
// never starts NetworkManager, changes nothing, and knows nothing of what waits.
package metered
