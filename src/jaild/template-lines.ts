import Handlebars from 'handlebars';

/** A line as rendered, and the number of the template's line that it comes from. */
export interface TemplateLine {
  readonly text: string;
  readonly line: number;
}

// Of Unicode's private use: `mark 12 end` at the beginning of a line is line 12.
const mark = '\ue000';
const end = '\ue001';

/**
 * Puts a mark before each line of a template's text. A rendered line has other numbers, for blocks are left out or repeated; an
 * admin edits the template.
 */
export function markLines(tree: hbs.AST.Program): hbs.AST.Program {
  const visitor = new Handlebars.Visitor();
  visitor.ContentStatement = content => {
    const { original, value, loc } = content as hbs.AST.ContentStatement & { original: string };
    // Of a line that has only a block's beginning or end, Handlebars takes away all, and the line break after it.
    const isWhole = value !== '' && original.startsWith(value);
    const cut = isWhole ? '' : (/^[ \t]*\r?\n/.exec(original)?.[0] ?? '');
    let line = loc.start.line + (cut ? 1 : 0);
    const first = cut || loc.start.column === 0 ? `${mark}${line}${end}` : '';
    content.value = first + value.replace(/\n/g, () => `\n${mark}${++line}${end}`);
  };
  visitor.accept(tree);
  return tree;
}

/** The lines of marked text, without the marks. A line that has several began with the last of them. */
export function readMarks(text: string): TemplateLine[] {
  let last = 1;
  return text.split('\n').map(marked => {
    const [marks = ''] = /^(?:\ue000\d+\ue001)*/.exec(marked) ?? [];
    last = Number(/(\d+)\ue001$/.exec(marks)?.[1] ?? last);
    return { text: marked.slice(marks.length), line: last };
  });
}
