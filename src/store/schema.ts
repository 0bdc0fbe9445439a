import type { Generated, GeneratedAlways } from 'kysely';

/** Rows as the database keeps them. Times are milliseconds since 1970; JSON is text; truth is 0 or 1. */
export interface StoreSchema {
  class: {
    name: string;
    /** Counts transactions that allocate or free: taking a number is also what locks the class. */
    seq: Generated<number>;
  };
  board: {
    handle: string;
    class: string;
    /** The board as lab.yaml last described it, JSON. */
    definition: string;
    /** 0 when lab.yaml names it no longer. The row stays: its epoch must never shrink. */
    is_listed: number;
    epoch: Generated<number>;
    claim_id: number | null;
    quarantine: string | null;
    last_released_at: Generated<number>;
    power_wanted: Generated<'on' | 'off'>;
  };
  claim: {
    id: GeneratedAlways<number>;
    board: string;
    user_name: string;
    epoch: number;
    created_at: number;
    expires_at: number;
    ended_at: number | null;
    end_reason: string | null;
  };
  operation: {
    id: GeneratedAlways<number>;
    board: string;
    kind: 'claim' | 'reinit' | 'release';
    claim_id: number;
    actor: string;
    state: 'running' | 'undoing' | 'done' | 'failed';
    step: string | null;
    attempt: Generated<number>;
    /** ErrorMessage, JSON. */
    error: string | null;
    created_at: number;
    updated_at: number;
    finished_at: number | null;
  };
}
