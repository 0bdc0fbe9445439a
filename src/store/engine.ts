import type { ColumnDefinitionBuilder, Dialect, RawBuilder } from 'kysely';

/** What differs between databases. Queries and migrations are written once, over this. */
export interface Engine {
  readonly dialect: Dialect;
  /** The database's clock, in milliseconds since 1970: it alone decides what has expired. */
  readonly now: () => RawBuilder<number>;
  /** A primary key that the database counts up by itself, and never gives out twice. */
  readonly identity: {
    readonly type: 'integer' | 'bigint';
    readonly build: (column: ColumnDefinitionBuilder) => ColumnDefinitionBuilder;
  };
  /** Keeps a copy of the whole store as it is, named after the last change of its tables, and says where. */
  keepCopy(lastMigration: string): Promise<string>;
}
