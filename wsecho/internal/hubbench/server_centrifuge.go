package main

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/centrifugal/centrifuge"
)

// serveCentrifuge is centrifuge as its README mounts it. With its memory engine, history and recovery are on; with NATS
// there is neither: see natsBroker.
func serveCentrifuge(ln net.Listener, natsURL string) error {
	node, err := centrifuge.New(centrifuge.Config{LogLevel: centrifuge.LogLevelNone})
	if err != nil {
		return err
	}
	recovers := natsURL == ""
	if !recovers {
		b, err := connectBroker(natsURL)
		if err != nil {
			return err
		}
		node.SetBroker(b)
	}
	history := centrifuge.PublishOptions{}
	if recovers {
		history = centrifuge.PublishOptions{HistorySize: 1000, HistoryTTL: 5 * time.Minute} // as a Hub's MaxReplay and Window
	}
	node.OnConnecting(func(context.Context, centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		return centrifuge.ConnectReply{Credentials: &centrifuge.Credentials{UserID: "u1"}}, nil
	})
	node.OnConnect(func(c *centrifuge.Client) {
		c.OnSubscribe(func(_ centrifuge.SubscribeEvent, reply centrifuge.SubscribeCallback) {
			reply(centrifuge.SubscribeReply{
				Options: centrifuge.SubscribeOptions{EnablePositioning: recovers, EnableRecovery: recovers},
			}, nil)
		})
		c.OnPublish(func(e centrifuge.PublishEvent, reply centrifuge.PublishCallback) {
			options := history
			options.ClientInfo = e.ClientInfo // who says it
			reply(centrifuge.PublishReply{Options: options}, nil)
		})
	})
	if err := node.Run(); err != nil {
		return err
	}
	return http.Serve(ln, centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{
		PingPongConfig: centrifuge.PingPongConfig{PingInterval: -1},
	}))
}
