import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Handlebars from 'handlebars';
import { paths } from '../system/paths.ts';

export type TemplateName =
  | 'nftables.conf'
  | 'jail-nftables.conf'
  | 'dnsmasq.conf'
  | 'sshd_config'
  | 'motd'
  | 'ganesha.conf'
  | 'exports';

/** Gives a template's text with the values in it. A value that the template names and `values` lacks is an error. */
export type RenderTemplate = (name: TemplateName, values: Readonly<Record<string, unknown>>) => string;

/** Reads templates from `directory` when they are first used, so that an edit shows after a restart. */
export function createTemplates(directory = join(paths.install, 'templates')): RenderTemplate {
  const compiled = new Map<TemplateName, Handlebars.TemplateDelegate>();
  return (name, values) => {
    let template = compiled.get(name);
    if (!template) {
      const text = readFileSync(join(directory, name), 'utf8');
      template = Handlebars.compile(text, { strict: true, noEscape: true });
      compiled.set(name, template);
    }
    return template(values);
  };
}
