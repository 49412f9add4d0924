// What the service says about a socket over plain HTTP: scripts are not told.

// How often the service is asked whether it still has the socket, and how long it may take
// to answer.
const PERIOD = 15000;
const PATIENCE = 10000;

// ask returns the service's answer; undefined when there is none, and null when another
// than the service answers.
async function ask(path) {
  try {
    const answer = await fetch(path, { cache: 'no-store', signal: timeout(PATIENCE) });
    return await answer.json().catch(() => null);
  } catch {
    return undefined;
  }
}

function timeout(ms) {
  const gone = new AbortController();
  setTimeout(() => gone.abort(), ms);
  return gone.signal;
}

// reachable returns whether the service answers at all.
export async function reachable() {
  return Boolean(await ask('healthz'));
}

// carrierOf returns { protocol, remote } of an open socket. It may be open a moment before
// the service lists its session.
export async function carrierOf(id, stillWanted) {
  for (let tries = 0; tries < 10 && stillWanted(); tries++) {
    const carrier = await ask(`carrier/${id}`);
    if (carrier) return carrier;
    await new Promise((resolve) => setTimeout(resolve, 100 << tries)); // a service may be slow for longer
  }
  return null;
}

// watchPath gives up a socket whose path has died: a browser shows no pings, and an idle
// socket looks open for ever. While the page is looked at, it asks the service over HTTP:
// no answer means that the path is dead, and twice that it knows no such socket that the
// socket is, where it has known one before. check() asks at once.
export function watchPath(current, giveUp) {
  let known = '';
  let denied = 0;

  async function check() {
    const id = current(); // '' while there is none
    if (!id || document.hidden) return;
    const carrier = await ask(`carrier/${id}`);
    if (id !== current()) return;
    if (carrier) {
      known = id;
      denied = 0;
    } else if (carrier === undefined && known) {
      giveUp('silent');
    } else if (known === id && ++denied === 2) {
      giveUp('forgotten');
    }
  }

  setInterval(check, PERIOD);
  return check;
}
