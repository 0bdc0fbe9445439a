import type { Generated, GeneratedAlways } from 'kysely';
import type { BarKind } from '../lab/bar.ts';
import type { OperationKind } from '../lab/claim.ts';
import type { EventKind } from '../lab/event.ts';
import type { OperationState } from '../lab/operation.ts';
import type { RequestEnd } from '../lab/request.ts';

/** Rows as the database keeps them. Times are milliseconds since 1970; JSON is text; truth is 0 or 1. */
export interface StoreSchema {
  /** One row. Taking a number is what makes one change of the lab wait for another: see write.ts. */
  lab: {
    id: number;
    seq: number;
    /** When a labd last said that it is at work. */
    alive_at: number;
  };
  class: {
    name: string;
  };
  board: {
    handle: string;
    class: string;
    /** The board as lab.yaml describes it, JSON. While it is claimed, as lab.yaml did when the claim began. */
    definition: string;
    /** What lab.yaml says since; it holds when the claim ends. */
    next_definition: string | null;
    /** 0 when lab.yaml names it no longer. The row stays: its epoch must never shrink. */
    is_listed: number;
    epoch: Generated<number>;
    claim_id: number | null;
    last_released_at: Generated<number>;
    power_wanted: Generated<'on' | 'off'>;
    last_checked_at: Generated<number>;
    claims_since_check: Generated<number>;
  };
  board_label: {
    board: string;
    label: string;
  };
  bar: {
    board: string;
    kind: BarKind;
    reason: string;
    actor: string;
    since: number;
    starts_at: number | null;
    ends_at: number | null;
  };
  request: {
    id: GeneratedAlways<number>;
    user_name: string;
    /** Want[], JSON. */
    wants: string;
    board_count: number;
    priority: number;
    seq: number;
    lease_ms: number;
    power: 'on' | 'off';
    grace_ms: number | null;
    /** JSON. */
    keys: string;
    created_at: number;
    deadline_at: number | null;
    ended_at: number | null;
    end_reason: RequestEnd | null;
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
    request_id: number;
    /** JSON. */
    shared_with: Generated<string>;
    /** JSON. */
    keys: Generated<string>;
    /** FormerHolder[], JSON. */
    former: Generated<string>;
    grace_ms: number | null;
    away_until: number | null;
  };
  operation: {
    id: GeneratedAlways<number>;
    board: string;
    kind: OperationKind;
    claim_id: number;
    actor: string;
    state: OperationState;
    step: string | null;
    attempt: Generated<number>;
    /** ErrorMessage, JSON. */
    error: string | null;
    created_at: number;
    updated_at: number;
    finished_at: number | null;
    /** Why it was begun, when that is not plain from its kind. */
    cause: string | null;
  };
  event: {
    id: GeneratedAlways<number>;
    at: number;
    /** The number of its change: see write.ts. */
    seq: number;
    kind: EventKind;
    board: string | null;
    user_name: string | null;
    actor: string;
    epoch: number | null;
    cause: string | null;
    /** JSON. */
    detail: string;
  };
}
