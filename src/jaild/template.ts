import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Handlebars from 'handlebars';
import { LabError } from '../lab/error.ts';
import { nearestName } from '../lab/nearest-name.ts';
import { paths } from '../system/paths.ts';
import { markLines, readMarks, type TemplateLine } from './template-lines.ts';

export const templateNames = [
  'nftables.conf',
  'jail-nftables.conf',
  'dnsmasq.conf',
  'sshd_config',
  'motd',
  'ganesha.conf',
  'exports',
] as const;
export type TemplateName = (typeof templateNames)[number];

/** Handlebars takes a value that is not there for false, when it is a block that asks. */
const engine = Handlebars.create();
for (const name of ['if', 'unless', 'each'] as const) {
  const block = engine.helpers[name];
  engine.registerHelper(name, function (this: unknown, value: unknown, options: Handlebars.HelperOptions) {
    if (value !== undefined) return block?.call(this, value, options);
    const { line, column } = (options as unknown as { loc: hbs.AST.SourceLocation }).loc.start;
    throw new Error(`"" not defined in a block - ${line}:${column}`);
  });
}

type Values = Readonly<Record<string, unknown>>;

/** Gives a template's text with the values in it. A value that the template names and `values` lacks is an error. */
export type RenderTemplate = (name: TemplateName, values: Values) => string;

/** The same, line by line, each with the line of the template that it comes from. */
export type RenderLines = (name: TemplateName, values: Values) => readonly TemplateLine[];

/**
 * Reads and parses all templates of `directory` at once: what is edited later shows when they are loaded anew. Throws
 * `LabError('usage')` with all mistakes, one a line: `dnsmasq.conf:12: sentence`.
 */
export function loadTemplates(directory = join(paths.install, 'templates')): RenderLines {
  const mistakes: string[] = [];
  const compiled = new Map<TemplateName, Handlebars.TemplateDelegate>();
  const sources = new Map<TemplateName, string>();
  for (const name of templateNames) {
    try {
      const source = readFileSync(join(directory, name), 'utf8');
      sources.set(name, source);
      const tree = engine.parse(source);
      compiled.set(name, engine.compile(markLines(tree), { strict: true, noEscape: true }));
    } catch (error) {
      mistakes.push(describeSyntax(name, error as NodeJS.ErrnoException));
    }
  }
  if (mistakes.length > 0) throw new LabError('usage', mistakes.join('\n'));
  return (name, values) => {
    try {
      return readMarks(compiled.get(name)?.(values) ?? '');
    } catch (error) {
      throw new LabError('usage', describeValue(name, sources.get(name) ?? '', error, values), { cause: error });
    }
  };
}

export function createTemplates(directory?: string): RenderTemplate {
  const renderLines = loadTemplates(directory);
  return (name, values) => joinLines(renderLines(name, values));
}

export function joinLines(lines: readonly TemplateLine[]): string {
  return lines.map(({ text }) => text).join('\n');
}

/** Handlebars' parser: `Parse error on line 3:`, the text around, a row of dashes, and what it expected; or `message - 3:5`. */
function describeSyntax(name: string, { code, message }: NodeJS.ErrnoException): string {
  if (code !== undefined) return `${name}:1: it cannot be read (${code})`;
  const [, parserLine, sentenceLine] = /^Parse error on line (\d+)|- (\d+):\d+$/.exec(message) ?? [];
  const reason =
    message
      .split('\n')
      .at(-1)
      ?.replace(/ - \d+:\d+$/, '') ?? '';
  return `${name}:${parserLine ?? sentenceLine ?? 1}: this is not Handlebars: ${reason}`;
}

/** In strict mode: `"gatewey" not defined in [object Object] - 12:8`. Of a block, only the place is known. */
function describeValue(name: string, source: string, error: unknown, values: Values): string {
  const message = error instanceof Error ? error.message : String(error);
  const [, direct, line, column] = /^"(.*?)" not defined in .* - (\d+):(\d+)$/s.exec(message) ?? [];
  if (direct === undefined) return `${name}:1: ${message}`;
  const block = source.split('\n')[Number(line) - 1]?.slice(Number(column));
  const value = direct || (/^\{\{~?#\w+ ([^\s}~]+)/.exec(block ?? '')?.[1] ?? '');
  const near = nearestName(value, Object.keys(values));
  return `${name}:${line}: there is no value ${value}${near ? `; did you mean ${near}?` : ''}`;
}
