/** Format of the tables, their values and the function. The edge refuses a database of another format. */
export const postgresFormat = 1;

/** An alarm that is taken back; a row that leaves it alone has NULL. */
export const noAlarm = -1;

/**
 * `edge` has one row, with room for its own next versions beside it. The key of the log only grows, so that
 * a row is never put between others. A key of a part may be too long for an index. Two edges may make all
 * this at once: the lock lets one of them.
 */
export const tables = `
  SELECT pg_advisory_xact_lock(4867201);
  CREATE SCHEMA IF NOT EXISTS bridgehead;
  CREATE TABLE IF NOT EXISTS bridgehead.edge (one boolean PRIMARY KEY CHECK (one), format int NOT NULL,
    epoch bigint NOT NULL, flush bigint NOT NULL, holder text NOT NULL, life text NOT NULL, since bigint NOT NULL, why text NOT NULL, given_back text,
    at bigint NOT NULL, position bigint NOT NULL, object bigint NOT NULL) WITH (fillfactor = 10);
  CREATE TABLE IF NOT EXISTS bridgehead.log (position bigint PRIMARY KEY, object bigint NOT NULL, alarm bigint, body text NOT NULL);
  CREATE TABLE IF NOT EXISTS bridgehead.statement (number bigint PRIMARY KEY, text text NOT NULL);
  CREATE TABLE IF NOT EXISTS bridgehead.object (object bigint PRIMARY KEY, name text NOT NULL UNIQUE, up_to bigint NOT NULL, alarm bigint, schema text NOT NULL);
  CREATE TABLE IF NOT EXISTS bridgehead.part (object bigint, name text, hash bytea GENERATED ALWAYS AS (sha256(decode(replace(key, '\\', '\\\\'), 'escape'))) STORED,
    key text NOT NULL, rows text NOT NULL, PRIMARY KEY (object, name, hash));
  CREATE TABLE IF NOT EXISTS bridgehead.restored (at bigint PRIMARY KEY);
  CREATE TABLE IF NOT EXISTS bridgehead.time (one boolean PRIMARY KEY CHECK (one), doubt text NOT NULL);
  CREATE TABLE IF NOT EXISTS bridgehead.peer (name text PRIMARY KEY, life text NOT NULL, url text NOT NULL, version text NOT NULL, settings text NOT NULL,
    position bigint NOT NULL, fault text, seen timestamptz NOT NULL);
  INSERT INTO bridgehead.edge VALUES (true, ${postgresFormat}, 0, 0, '', '', 0, 'first', NULL, 0, 0, 0) ON CONFLICT DO NOTHING;

  CREATE OR REPLACE FUNCTION bridgehead.flush_${postgresFormat}(epoch_ bigint, flush_ bigint, life_ text, at_ bigint, rows_ json, other json) RETURNS boolean LANGUAGE plpgsql AS $$
  DECLARE
    image record;
  BEGIN
    UPDATE bridgehead.edge SET flush = flush_, at = greatest(at, at_), given_back = NULL,
      position = greatest(position, coalesce((rows_->-1->>'position')::bigint, 0)), object = greatest(object, coalesce((other->>'lastObject')::bigint, 0))
      WHERE one AND epoch = epoch_ AND flush = flush_ - 1 AND life = life_;
    IF NOT FOUND THEN
      RETURN false;
    END IF;
    IF other IS NOT NULL THEN
      INSERT INTO bridgehead.statement SELECT (t->>0)::bigint, t->>1 FROM json_array_elements(other->'texts') AS t
        ON CONFLICT (number) DO UPDATE SET text = excluded.text;
      DELETE FROM bridgehead.part WHERE object IN (SELECT d::bigint FROM json_array_elements_text(other->'deleted') AS d);
      DELETE FROM bridgehead.object WHERE object IN (SELECT d::bigint FROM json_array_elements_text(other->'deleted') AS d);
      INSERT INTO bridgehead.object SELECT (c->>0)::bigint, c->>1, 0, NULL, '[]' FROM json_array_elements(other->'created') AS c;
    END IF;
    INSERT INTO bridgehead.log SELECT r.* FROM json_to_recordset(rows_) AS r(position bigint, object bigint, alarm bigint, body text);
    IF other IS NOT NULL THEN
      FOR image IN SELECT * FROM json_to_recordset(other->'images')
        AS i(object bigint, "upTo" bigint, alarm bigint, schema text, replaced json, parts json, gone json)
      LOOP
        DELETE FROM bridgehead.part AS p WHERE p.object = image.object AND p.name IN (SELECT json_array_elements_text(image.replaced));
        INSERT INTO bridgehead.part (object, name, key, rows)
          SELECT image.object, n."table", n.key, n.rows FROM json_to_recordset(image.parts) AS n("table" text, key text, rows text)
          ON CONFLICT (object, name, hash) DO UPDATE SET rows = excluded.rows;
        DELETE FROM bridgehead.part AS p USING json_to_recordset(image.gone) AS g("table" text, key text)
          WHERE p.object = image.object AND p.name = g."table" AND p.key = g.key;
        UPDATE bridgehead.object AS o SET up_to = image."upTo", alarm = image.alarm, schema = image.schema WHERE o.object = image.object;
      END LOOP;
      DELETE FROM bridgehead.log AS l WHERE l.position < (other->'droppable'->>'before')::bigint
        AND l.object NOT IN (SELECT e::bigint FROM json_array_elements_text(other->'droppable'->'except') AS e);
    END IF;
    RETURN true;
  END $$;
`;
