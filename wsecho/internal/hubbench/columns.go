package main

// A sample is what one measurement found: figures by the names of its column.
type sample map[string]spent

// A column is one thing that the servers are put to.
type column struct {
	name    string // for -columns
	title   string
	figures []figure
	measure func(p plan, s server) (sample, error)
	kept    bool // only of servers that keep messages
}

// A figure is one number of a column, and one column of the table.
type figure struct {
	name, title, unit string
	scale             float64 // what makes the unit of a sample's number
	ratio             bool    // shown beside the first server's
}

// columns are what is measured.
var columns = []column{
	{
		name: "crowd", title: "one room of 1,000",
		figures: []figure{{"cpu", "CPU a delivery, a room of 1,000", "µs", 1e-3, true}},
		measure: crowd{rooms: 1, members: func(p plan) int { return p.crowd }}.measure,
	},
	{
		name: "rooms", title: "10 rooms of 30",
		figures: []figure{{"cpu", "CPU a delivery, rooms of 30", "µs", 1e-3, true}},
		measure: crowd{rooms: 10, members: func(p plan) int { return p.group }}.measure,
	},
	{
		name: "trios", title: "10 rooms of 3", // where what a message costs once is shared by few
		figures: []figure{{"cpu", "CPU a delivery, rooms of 3", "µs", 1e-3, true}},
		measure: crowd{rooms: 10, members: func(plan) int { return 3 }}.measure,
	},
	{
		name: "latency", title: "latency in a room of 30",
		figures: []figure{
			{"median", "until all 30 have it, median", "ms", 1e-6, false},
			{"p99", "99 %", "ms", 1e-6, false},
		},
		measure: crowd{rooms: 1, members: func(p plan) int { return p.group }}.latency,
	},
	{
		name: "members", title: "10,000 members of 10,000 rooms",
		figures: []figure{
			{"bytes", "memory a member", "KB", 1e-3, false},
			{"cpu", "CPU a connection and join", "µs", 1e-3, true},
			{"rate", "joins a second", "/s", 1, false},
		},
		measure: members,
	},
	{
		name: "kept", title: "kept messages", kept: true,
		figures: []figure{{"bytes", "memory a kept message", "B", 1, false}},
		measure: kept,
	},
}

// measures says whether the column has figures for s.
func (c column) measures(s server) bool { return s.kept || !c.kept }
