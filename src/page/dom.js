// What both views use. Text from outside only ever becomes text nodes.

/** An element with attributes and children; undefined, null and false children are left out. */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === 'onclick') element.addEventListener('click', value);
    else if (value !== undefined && value !== false) element.setAttribute(key, value === true ? '' : value);
  }
  element.append(...children.filter((child) => child !== undefined && child !== null && child !== false));
  return element;
}

export const byId = (id) => document.getElementById(id);

/** Numbers for people; '–' for what is not known. */
export function count(value) {
  return value === null || value === undefined ? '–' : Number(value).toLocaleString('en');
}

export function duration(ms) {
  if (ms === null || ms === undefined) return '–';
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
}

export function notice(text, hint, kind = 'warn') {
  return make('div', {class: `notice ${kind}`, role: 'alert'}, make('p', {}, make('b', {}, text)), hint && make('p', {}, hint));
}

/** Puts children into an element only when `key` has changed, so that focus and screen readers keep their place. */
export function put(element, key, children) {
  const text = JSON.stringify(key);
  if (element.dataset.key === text) return;
  element.dataset.key = text;
  element.replaceChildren(...children());
}
