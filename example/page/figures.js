import { speak, words } from './language.js';

// How often the figures are asked for, while they are looked at.
const PERIOD = 2000;

// showFigures fills the panel with what the service publishes at /debug/vars: the Stats of
// each of its handlers, side by side.
export function showFigures() {
  const panel = document.getElementById('figures');
  const stale = document.getElementById('stale');
  const head = panel.querySelector('thead');
  const body = panel.querySelector('tbody');
  let timer = null;

  async function refresh() {
    clearTimeout(timer);
    if (!panel.open || document.hidden) return;
    try {
      const answer = await fetch('debug/vars', { cache: 'no-store' });
      show((await answer.json()).wsecho);
      stale.hidden = true;
    } catch {
      stale.hidden = false;
    }
    clearTimeout(timer); // of a refresh that began meanwhile
    timer = setTimeout(refresh, PERIOD);
  }

  function show(handlers) {
    const names = Object.keys(handlers);
    head.replaceChildren(row(words.figure, names, 'col'));
    body.replaceChildren(
      ...Object.keys(words.stats).map((stat) => {
        const tr = row(words.stats[stat], names.map((name) => figure(handlers[name][stat])), 'row');
        tr.dataset.stat = stat;
        names.forEach((name, i) => (tr.cells[i + 1].dataset.handler = name));
        return tr;
      }),
    );
  }

  panel.addEventListener('toggle', refresh);
  speak(refresh);
  document.addEventListener('visibilitychange', refresh);
}

// figure shows a number, or the causes that are not zero.
function figure(value) {
  if (typeof value === 'number') return value.toLocaleString();
  const causes = Object.entries(value || {}).filter(([, n]) => n > 0);
  return causes.map(([cause, n]) => `${words.causes[cause] || cause} ${n.toLocaleString()}`).join(', ') || '0';
}

function row(label, cells, scope) {
  const tr = document.createElement('tr');
  for (const [i, text] of [label, ...cells].entries()) {
    const cell = document.createElement(i === 0 || scope === 'col' ? 'th' : 'td');
    if (cell.tagName === 'TH') cell.scope = scope;
    cell.textContent = text;
    tr.append(cell);
  }
  return tr;
}
