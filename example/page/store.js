// What the page remembers of its reader. A browser that is told to keep nothing throws.

// kept returns what was kept under a key, or ''.
export function kept(key) {
  try {
    return localStorage.getItem(`wsecho.${key}`) || '';
  } catch {
    return '';
  }
}

// keep keeps a value for the next visit, where the browser lets it.
export function keep(key, value) {
  try {
    localStorage.setItem(`wsecho.${key}`, value);
  } catch {
    // Then it is for this visit.
  }
}

// secret returns a key that nobody else has, and that this tab keeps when it is loaded again.
export function secret() {
  const fresh = crypto.getRandomValues(new Uint32Array(4)).join('-');
  try {
    if (!sessionStorage.getItem('wsecho.key')) sessionStorage.setItem('wsecho.key', fresh);
    return sessionStorage.getItem('wsecho.key');
  } catch {
    return fresh;
  }
}
