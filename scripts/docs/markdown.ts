// Just enough of Markdown to hold our own pages to their word: sections, table rows, links and the
// anchors of headings. Fenced code is no text of the page.

/** A section: its heading without the signs, and the lines below it up to the next heading. */
export interface Section {
  readonly heading: string
  readonly level: number
  readonly lines: readonly string[]
}

/** The sections of a page in order; what stands before the first heading has an empty one. */
export function sectionsOf(markdown: string): readonly Section[] {
  const sections: { heading: string; level: number; lines: string[] }[] = []
  let current = { heading: '', level: 0, lines: [''] }
  for (const line of withoutCode(markdown)) {
    const heading = /^(#{1,6}) (.+)$/.exec(line)
    if (heading === null) {
      current.lines.push(line)
      continue
    }
    sections.push(current)
    current = { heading: heading[2] ?? '', level: heading[1]?.length ?? 0, lines: [] }
  }
  return [...sections, current]
}

/** The cells of the table rows among `lines`, without head and rule. */
export function tableRows(lines: readonly string[]): readonly (readonly string[])[] {
  const rows: string[][] = []
  let inBody = false
  for (const line of lines) {
    if (!line.startsWith('|')) inBody = false
    else if (/^\|[\s:|-]+\|$/.test(line)) inBody = true
    else if (inBody)
      rows.push(
        line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim()),
      )
  }
  return rows
}

/** Where the links of a page lead, anchors included; addresses with a scheme are left out. */
export function relativeLinks(markdown: string): readonly string[] {
  const text = withoutCode(markdown)
    .join('\n')
    .replace(/`[^`\n]*`/g, '')
  const targets = [...text.matchAll(/\[[^\]]*\]\(([^)\s]+)[^)]*\)/g)].map((match) => match[1] ?? '')
  return targets.filter((target) => !/^[a-z][a-z0-9+.-]*:/i.test(target))
}

/** The anchors that a page offers, as code forges make them from headings. */
export function anchorsOf(markdown: string): readonly string[] {
  return sectionsOf(markdown).map(({ heading }) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-'),
  )
}

function withoutCode(markdown: string): readonly string[] {
  let fenced = false
  return markdown.split('\n').filter((line) => {
    const fence = line.trimStart().startsWith('```')
    if (fence) fenced = !fenced
    return !fence && !fenced
  })
}
