package wsecho

import (
	"cmp"
	"time"

	"example.com/wsecho/wsecho/internal/socket"
	"example.com/wsecho/wsecho/internal/wire"
)

// lot is where the sessions of the process's handlers wait while they are idle.
var lot socket.Lot

// settings are the fields that have a default, with it in place. The others are read as they are.
type settings struct {
	subprotocols []string
	origins      []originPattern
	message      MessageFunc
	goodbye      *wire.End
	wire         wire.Config
}

const defaultReadLimit = 1 << 20

const defaultParkAfter = 4 * time.Second // longer than a talk pauses, shorter than PingInterval

// setup fixes the settings at the first ServeHTTP, and no earlier: Stats may have been published before.
func (h *Handler) setup() {
	h.once.Do(func() {
		h.set = settings{
			subprotocols: h.Subprotocols,
			message:      h.OnMessage,
			wire: wire.Config{
				ReadLimit:    cmp.Or(h.ReadLimit, defaultReadLimit),
				WriteLimit:   cmp.Or(h.WriteLimit, 1<<20),
				PingInterval: cmp.Or(h.PingInterval, 25*time.Second),
				PongTimeout:  cmp.Or(h.PongTimeout, 10*time.Second),
				WriteTimeout: cmp.Or(h.WriteTimeout, 10*time.Second),
				ReadTimeout:  cmp.Or(h.ReadTimeout, 2*time.Minute),
				CloseTimeout: cmp.Or(h.CloseTimeout, 5*time.Second),
				ParkAfter:    cmp.Or(h.parkAfter, defaultParkAfter),
				Lot:          cmp.Or(h.lot, &lot),
				Brief:        h.OnMessage == nil, // Echo
			},
		}
		var valid bool
		if h.set.goodbye, valid = goodbye(h.Goodbye); !valid {
			h.logGoodbye()
		}
		if len(h.Subprotocols) == 0 {
			h.set.subprotocols = []string{DefaultSubprotocol}
		}
		if h.OnMessage == nil {
			h.set.message = Echo
		}
		for _, s := range h.OriginPatterns {
			if p, err := parseOriginPattern(s); err != nil {
				h.logPattern(s, err)
			} else {
				h.set.origins = append(h.set.origins, p)
			}
		}
	})
}
