// Package wsecho mounts a WebSocket endpoint on a net/http or chi service.
package wsecho
