// createVisitor returns who this page is to all rooms: what a new connection has to go on with what the last one left.
//
// key is a secret that only this page has, and keeps as long as it can: the service makes of it the name of the
// guest. born tells this page's messages from those of one that had the same key before, since it was loaded anew.
export function createVisitor(key, born = Date.now()) {
  return {
    key,
    born: born.toString(36),
    places: new Map(), // a room to the place in its history that we have reached
    heard: new Set(), // what was said lately, by room, from and id
  };
}
