// The page's address says whom it talks to, so that it can be shared: #room=lobby is a
// room, and #auto the echo. Both connect by themselves.

// readPlace returns the { room, auto } of an address's hash; room is null for the echo.
export function readPlace(hash) {
  const [, room] = /^#room=(.+)$/.exec(hash) || [];
  if (room === undefined) return { room: null, auto: hash === '#auto' };
  try {
    return { room: decodeURIComponent(room), auto: true };
  } catch {
    return { room, auto: true }; // a % of the room's own
  }
}

// placeOf returns the hash of a room, or that of the echo.
export function placeOf(room) {
  return room === null ? '' : `#room=${encodeURIComponent(room)}`;
}
