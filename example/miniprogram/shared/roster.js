// createRoster keeps who is in a room, from what the room says about it: all, or who has come and gone since, or, where
// there are too many, their number alone.
export function createRoster() {
  let names = new Map(); // of the users

  return {
    // take returns the event of a frame; see read in room.js. Users that have another name than before have not come.
    take({ here, joined = [], left = [], users }) {
      const before = names;
      names = new Map(here ? [] : before);
      for (const { user } of left) names.delete(user);
      for (const { user, info } of here || joined) names.set(user, info.name);
      if (!here && joined.length + left.length === 0) names.clear();
      return {
        joined: here ? [] : joined.filter(({ user }) => !before.has(user)).map(({ info }) => info.name),
        left: left.map(({ info }) => info.name),
        members: [...names.values()],
        here: users,
      };
    },
  };
}
