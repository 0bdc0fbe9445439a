import { joinLines, loadTemplates, type RenderLines, type RenderTemplate } from './template.ts';

/** Templates that can be loaded anew while jaild runs. */
export interface LiveTemplates {
  /** Renders with the templates that are in force. */
  readonly render: RenderTemplate;
  /** Reads all templates and puts them in force if `check` has nothing against them; throws, and changes nothing, otherwise. */
  reload(): Promise<void>;
}

export async function createLiveTemplates(
  check: (renderLines: RenderLines) => Promise<void>,
  directory?: string,
): Promise<LiveTemplates> {
  async function load(): Promise<RenderLines> {
    const loaded = loadTemplates(directory);
    await check(loaded);
    return loaded;
  }

  let inForce = await load();
  return {
    render: (name, values) => joinLines(inForce(name, values)),
    async reload() {
      inForce = await load();
    },
  };
}
