package bus

import "slices"

// right is something that a service may do, and why.
type right struct {
	why       string
	publish   []string // subjects it may publish to
	deny      []string // subjects it may not, although publish matches them
	subscribe []string // subjects it may subscribe to
}

const api = "$JS.API."

func publishes(why string, subjects ...string) right { return right{why: why, publish: subjects} }

func hears(why string, subjects ...string) right { return right{why: why, subscribe: subjects} }

func never(why string, subjects ...string) right { return right{why: why, deny: subjects} }

// binds lets a service open a stream, and see how full it is.
func binds(why, stream string) right { return publishes(why, api+"STREAM.INFO."+stream) }

// reads lets a service read any message of a stream from its leader. NATS knows no
// narrower right to that: which one is asked for stands in the request.
func reads(why, stream string) right {
	return publishes(why, api+"STREAM.INFO."+stream, api+"STREAM.MSG.GET."+stream)
}

// purges lets a service remove any messages of a stream. Which ones stands in the
// request, too.
func purges(why, stream string) right { return publishes(why, api+"STREAM.PURGE."+stream) }

// asks lets a service see how a durable consumer stands.
func asks(why, stream, durable string) right {
	return publishes(why, api+"CONSUMER.INFO."+stream+"."+durable)
}

// takes lets a service pull from a durable consumer and settle what it got.
func takes(why, stream, durable string) right { return publishes(why, taking(stream, durable)...) }

// taking matches the requests of takes. Messages are settled by one of two forms of
// subject, by the version of the server. The underscore stands for a server without
// a domain: a wildcard there would match what settles other streams' messages.
func taking(stream, durable string) []string {
	name := stream + "." + durable
	return []string{
		api + "CONSUMER.INFO." + name,
		api + "CONSUMER.MSG.NEXT." + name,
		"$JS.ACK." + name + ".>",
		"$JS.ACK._.*." + name + ".>",
	}
}

// follows lets a service read the subjects of a stream in order, by consumers of
// its own that the server forgets. Their names are random, so the durable ones of
// others are excepted by name; own is what the service has other rights to.
func follows(why, stream, filter string, own ...string) right {
	r := publishes(why,
		api+"CONSUMER.CREATE."+stream+".*."+filter,
		api+"CONSUMER.INFO."+stream+".*",
		api+"CONSUMER.MSG.NEXT."+stream+".*",
		api+"CONSUMER.DELETE."+stream+".*")
	for _, c := range consumers(nil) {
		if c.stream != stream {
			continue
		}
		name := stream + "." + c.config.Durable
		r.deny = append(r.deny, api+"CONSUMER.CREATE."+name+".>", api+"CONSUMER.DELETE."+name)
		if !slices.Contains(own, c.config.Durable) {
			r.deny = append(r.deny, api+"CONSUMER.INFO."+name, api+"CONSUMER.MSG.NEXT."+name)
		}
	}
	return r
}

// provisions lets a service make and change streams, and their durable consumers,
// but neither read nor empty nor remove them.
func provisions(why string) right {
	r := right{why: why}
	for _, stream := range streams(Layout{}) {
		for _, verb := range []string{"CREATE", "UPDATE", "INFO"} {
			r.publish = append(r.publish, api+"STREAM."+verb+"."+stream.Name)
		}
	}
	for _, stream := range []string{StreamTasks, StreamJobs, StreamHooks} {
		r.publish = append(r.publish, api+"CONSUMER.CREATE."+stream+".>", api+"CONSUMER.INFO."+stream+".*")
	}
	return r
}
