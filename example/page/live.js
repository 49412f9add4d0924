import { speak, words } from './language.js';

const $ = (id) => document.getElementById(id);

// How many round trips the line shows, and over how many ms the rate is taken.
const POINTS = 40;
const SPAN = 5000;

// createLive shows the round trip of our messages, and how many pass in a second.
export function createLive() {
  const trips = [];
  let times = []; // of the messages in the last SPAN

  function show() {
    const now = performance.now();
    times = times.filter((time) => now - time < SPAN);
    $('rate').textContent = words.perSecond((times.length * 1000) / SPAN);
    $('trip').textContent = trips.length > 0 ? words.delivered(Math.round(trips.at(-1)) || '<1') : '–';
  }

  function draw() {
    const most = Math.max(...trips, 1);
    const points = trips.map((ms, i) => `${((i * 120) / (trips.length - 1)).toFixed(1)},${(26 - (ms / most) * 24).toFixed(1)}`);
    $('chart').hidden = points.length < 2;
    if (points.length > 1) $('spark').firstElementChild.setAttribute('points', points.join(' '));
  }

  speak(show);
  setInterval(() => document.hidden || show(), 1000);

  return {
    // passed counts a message, of ours or not.
    passed() {
      times.push(performance.now());
    },

    // trip adds the round trip of one that was delivered.
    trip(ms) {
      trips.push(ms);
      if (trips.length > POINTS) trips.shift();
      draw();
      show();
    },
  };
}
