// Small helpers to build the page. Text goes in as text only: device names are what strangers
// typed, and nothing here can turn text into markup.

/** A new element with classes and text. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className = '',
  text = '',
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag)
  if (className !== '') made.className = className
  if (text !== '') made.textContent = text
  return made
}

/** The element of the page with this id; it is in index.html, so its absence is a bug. */
export function byId(id: string): HTMLElement {
  const found = document.getElementById(id)
  if (found === null) throw new RangeError(`the page has no #${id}`)
  return found
}

/** Sets text only where it differs, so that a tick costs nothing where nothing changed. */
export function setText(target: Element, text: string): void {
  if (target.textContent !== text) target.textContent = text
}

/** A badge for each thing that was found remarkable in a reading. */
export function flagBadges(flags: readonly string[]): HTMLElement[] {
  return flags.map((flag) => {
    const badge = element('span', 'flag', FLAG_TEXTS[flag] ?? flag.replaceAll('_', ' '))
    badge.dataset['flag'] = flag
    return badge
  })
}

const FLAG_TEXTS: { readonly [flag: string]: string } = {
  time_suspect: 'time in doubt',
  out_of_range: 'out of range',
  unit_unknown: 'unknown unit',
  unknown_word: 'unknown word',
}
