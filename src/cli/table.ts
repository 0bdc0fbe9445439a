/** Lines with aligned columns, the first row as the heading. The last column is not padded. */
export function formatTable(rows: readonly (readonly string[])[]): string[] {
  const columns = Math.max(0, ...rows.map(row => row.length));
  const widths = Array.from({ length: columns }, (_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0)));
  return rows.map(row =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

const lineWidth = 80;
const widestTerm = 28;

/** Terms and what they mean, side by side, on lines of 80 columns. What a long term means begins on a line of its own. */
export function formatTerms(rows: readonly (readonly string[])[]): string[] {
  const lengths = rows.map(([term = '']) => term.length).filter(length => length <= widestTerm);
  const width = Math.max(0, ...lengths);
  const indent = ' '.repeat(width + 4);
  return rows.flatMap(([term = '', meaning = '']) => {
    const lines = wrap(meaning, lineWidth - indent.length);
    const [first = '', ...more] = term.length > width ? ['', ...lines] : lines;
    return [`  ${term.padEnd(width)}  ${first}`.trimEnd(), ...more.map(line => indent + line)];
  });
}

/** Lines of at most `width` characters, where the words allow it. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
