import { systemActor } from '../lab/operation.ts';
import { assign, signatureOf, type Want } from '../lab/want.ts';
import { listCandidates } from './candidates.ts';
import { endRequest } from './requests.ts';
import type { Writing } from './write.ts';

/** Who waits for boards that lab.yaml names no longer would wait for ever, and is told instead. */
export async function endImpossibleRequests(writing: Writing): Promise<void> {
  const { database } = writing;
  const waiting = await database.selectFrom('request').select(['id', 'wants']).where('ended_at', 'is', null).execute();
  const known = new Map<string, boolean>();
  for (const { id, wants: text } of waiting) {
    const wants = JSON.parse(text) as Want[];
    const signature = signatureOf(wants);
    const isPossible = known.get(signature) ?? (await couldBeMet(wants));
    known.set(signature, isPossible);
    if (!isPossible) await endRequest(writing, id, 'ended by a change of lab.yaml', systemActor);
  }

  async function couldBeMet(wants: readonly Want[]): Promise<boolean> {
    const choices = await Promise.all(wants.map(want => listCandidates(database, want, wants.length)));
    return assign(choices) !== undefined;
  }
}
