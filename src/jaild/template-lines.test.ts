import Handlebars from 'handlebars';
import { markLines, readMarks } from './template-lines.ts';

const source = `one
{{#if yes}}
three {{value}}
{{else}}
five
{{/if}}
{{#each list}}
eight {{this}}
{{#if ../no}}
ten
{{/if}}
{{this}} twelve
{{/each}}

fifteen {{#if yes}}inside{{/if}} {{value}} end
{{value}}
`;

test('every rendered line knows its line of the template, through blocks that are left out or repeated', () => {
  const render = Handlebars.compile(markLines(Handlebars.parse(source)), { strict: true, noEscape: true });
  const values = { yes: true, no: false, value: 'v', list: ['a', 'b'] };
  expect(readMarks(render(values)).map(({ text, line }) => `${line} ${text}`)).toEqual([
    '1 one',
    '3 three v',
    ...['8 eight a', '12 a twelve', '8 eight b', '12 b twelve'],
    '14 ',
    '15 fifteen inside v end',
    '16 v',
    '17 ',
  ]);
  expect(readMarks(render({ ...values, yes: false, list: [] })).map(({ line }) => line)).toEqual([
    1, 5, 14, 15, 16, 17,
  ]);
});

test('the text is what Handlebars makes of the template itself', () => {
  const values = { yes: false, no: true, value: 'v', list: ['a'] };
  const marked = Handlebars.compile(markLines(Handlebars.parse(source)))(values);
  expect(
    readMarks(marked)
      .map(({ text }) => text)
      .join('\n'),
  ).toBe(Handlebars.compile(source)(values));
});
