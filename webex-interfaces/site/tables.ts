/** What the site keeps. Times are milliseconds since 1970; `settings`, `profile` and `person` are JSON of what was given beside the columns. */
export const tables = `
CREATE TABLE sites (site_id INTEGER PRIMARY KEY, name TEXT, partner_id TEXT, time_zone INTEGER, rate_limit INTEGER, settings TEXT);
CREATE TABLE users (user_id INTEGER PRIMARY KEY AUTOINCREMENT, web_ex_id TEXT UNIQUE COLLATE NOCASE, email TEXT UNIQUE COLLATE NOCASE,
  password TEXT, first_name TEXT, last_name TEXT, role TEXT CHECK (role IN ('admin', 'view-only', 'host')),
  active TEXT, time_zone INTEGER, registered_at INTEGER, visits INTEGER DEFAULT 0, profile TEXT DEFAULT '{}');
CREATE TABLE tsp_accounts (user_id INTEGER REFERENCES users ON DELETE CASCADE, account_index INTEGER CHECK (account_index BETWEEN 1 AND 3),
  toll_free TEXT, toll TEXT, subscriber TEXT, participant TEXT, is_default INTEGER, settings TEXT, PRIMARY KEY (user_id, account_index));
CREATE TABLE credentials (value TEXT PRIMARY KEY, kind TEXT CHECK (kind IN ('session-ticket', 'login-ticket', 'access-token', 'cookie')),
  user_id INTEGER REFERENCES users ON DELETE CASCADE, last_used INTEGER);
CREATE TABLE sessions (session_key INTEGER PRIMARY KEY AUTOINCREMENT, conf_id INTEGER, service TEXT, host_id INTEGER REFERENCES users ON DELETE CASCADE,
  name TEXT, type INTEGER, password TEXT, listing TEXT, starts_at INTEGER, minutes INTEGER, time_zone INTEGER,
  started_at INTEGER, locked INTEGER DEFAULT 0, host_key TEXT, settings TEXT);
CREATE TABLE attendees (attendee_id INTEGER PRIMARY KEY AUTOINCREMENT, session_key INTEGER REFERENCES sessions ON DELETE CASCADE, part TEXT,
  name TEXT, email TEXT COLLATE NOCASE, join_status TEXT, register_id INTEGER, enrolled TEXT, enrolled_at INTEGER, joined_at INTEGER, call TEXT, person TEXT);
CREATE TABLE form_fields (session_key INTEGER REFERENCES sessions ON DELETE CASCADE, kind TEXT, settings TEXT);
CREATE TABLE history_sessions (conf_id INTEGER PRIMARY KEY, session_key INTEGER, service TEXT, name TEXT, type INTEGER, host_id INTEGER, host_web_ex_id TEXT,
  host_name TEXT, host_email TEXT, started_at INTEGER, ended_at INTEGER, time_zone INTEGER, invited INTEGER, registered INTEGER, settings TEXT);
CREATE TABLE history_attendees (id INTEGER PRIMARY KEY AUTOINCREMENT, conf_id INTEGER REFERENCES history_sessions ON DELETE CASCADE, part TEXT,
  name TEXT, email TEXT COLLATE NOCASE, join_status TEXT, joined_at INTEGER, left_at INTEGER, call TEXT, person TEXT);
CREATE TABLE recordings (recording_id INTEGER PRIMARY KEY AUTOINCREMENT, session_key INTEGER, conf_id INTEGER, service TEXT, host_id INTEGER REFERENCES users ON DELETE CASCADE,
  name TEXT, created_at INTEGER, seconds INTEGER, megabytes REAL, format TEXT, listing TEXT, password TEXT, settings TEXT);
CREATE TABLE recording_views (view_id INTEGER PRIMARY KEY AUTOINCREMENT, recording_id INTEGER REFERENCES recordings ON DELETE CASCADE,
  name TEXT, email TEXT COLLATE NOCASE, at INTEGER, registered INTEGER, downloaded INTEGER, viewed INTEGER);
CREATE TABLE contacts (contact_id INTEGER PRIMARY KEY AUTOINCREMENT, owner_id INTEGER REFERENCES users ON DELETE CASCADE, name TEXT, email TEXT COLLATE NOCASE,
  address_type TEXT, person TEXT);
CREATE TABLE lists (list_id INTEGER PRIMARY KEY AUTOINCREMENT, owner_id INTEGER REFERENCES users ON DELETE CASCADE, name TEXT, description TEXT, address_type TEXT);
CREATE TABLE list_contacts (list_id INTEGER REFERENCES lists ON DELETE CASCADE, contact_id INTEGER REFERENCES contacts ON DELETE CASCADE, PRIMARY KEY (list_id, contact_id));
CREATE TABLE labs (name TEXT PRIMARY KEY COLLATE NOCASE, description TEXT, computers INTEGER);
CREATE TABLE lab_reservations (lab TEXT REFERENCES labs, name TEXT, host_id INTEGER REFERENCES users ON DELETE CASCADE, starts_at INTEGER, ends_at INTEGER, computers INTEGER);
CREATE TABLE tests (test_id INTEGER PRIMARY KEY AUTOINCREMENT, author_id INTEGER REFERENCES users ON DELETE CASCADE, sharing TEXT, title TEXT, description TEXT, questions INTEGER, ims TEXT);
CREATE TABLE scheduled_tests (test_id INTEGER PRIMARY KEY AUTOINCREMENT, library_id INTEGER REFERENCES tests ON DELETE CASCADE, session_key INTEGER REFERENCES sessions ON DELETE CASCADE,
  delivery TEXT, status TEXT, starts_at INTEGER, due_at INTEGER, minutes INTEGER, settings TEXT);
CREATE TABLE test_results (test_id INTEGER REFERENCES scheduled_tests ON DELETE CASCADE, name TEXT, email TEXT COLLATE NOCASE, submitted_at INTEGER, score INTEGER, grade TEXT, register_id INTEGER);
CREATE TABLE products (product_id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT, description TEXT);
CREATE TABLE accounts (account_id INTEGER PRIMARY KEY AUTOINCREMENT, owner_id INTEGER REFERENCES users ON DELETE CASCADE, name TEXT, settings TEXT);
CREATE TABLE opportunities (opportunity_id INTEGER PRIMARY KEY AUTOINCREMENT, owner_id INTEGER REFERENCES users ON DELETE CASCADE, account_id INTEGER REFERENCES accounts ON DELETE CASCADE, name TEXT, settings TEXT);
CREATE TABLE programs (program_id INTEGER PRIMARY KEY AUTOINCREMENT, host_id INTEGER REFERENCES users ON DELETE CASCADE, name TEXT, listing TEXT, settings TEXT);
CREATE TABLE meeting_types (type_id INTEGER PRIMARY KEY, code TEXT, name TEXT, services TEXT, settings TEXT);
CREATE TABLE queues (name TEXT PRIMARY KEY, role TEXT, agents TEXT, changed_at INTEGER);
CREATE TABLE templates (owner_id INTEGER REFERENCES users ON DELETE CASCADE, name TEXT, service_type TEXT);
CREATE TABLE images (kind TEXT, owner TEXT, data TEXT, PRIMARY KEY (kind, owner));
CREATE TABLE files (owner_id INTEGER REFERENCES users ON DELETE CASCADE, folder TEXT, name TEXT, bytes INTEGER);
CREATE TABLE computers (owner_id INTEGER REFERENCES users ON DELETE CASCADE, name TEXT, state TEXT);
CREATE TABLE mails (at INTEGER, receiver TEXT, about TEXT);
CREATE TABLE requests (at INTEGER, way TEXT, operation TEXT, web_ex_id TEXT, result TEXT, detail TEXT);
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER);
`;

export const tableNames: readonly string[] = [...tables.matchAll(/CREATE TABLE (\w+)/g)].map(([, name = ""]) => name);

export interface SiteRow {
  readonly site_id: number;
  readonly name: string;
  readonly partner_id: string;
  readonly time_zone: number;
  readonly rate_limit: number;
  readonly settings: string;
}
export type Role = "admin" | "view-only" | "host";
export interface UserRow {
  readonly user_id: number;
  readonly web_ex_id: string;
  readonly email: string;
  readonly password: string;
  readonly first_name: string;
  readonly last_name: string;
  readonly role: Role;
  readonly active: string;
  readonly time_zone: number;
  readonly registered_at: number;
  readonly visits: number;
  readonly profile: string;
}
export interface TspAccountRow {
  readonly account_index: number;
  readonly toll_free: string;
  readonly toll: string;
  readonly subscriber: string;
  readonly participant: string;
  readonly is_default: number;
  readonly settings: string;
}
/** Meeting, training, event, sales, support; audio only. */
export type ServiceCode = "MC" | "TC" | "EC" | "SaC" | "SC" | "AO";
export interface SessionRow {
  readonly session_key: number;
  readonly conf_id: number;
  readonly service: ServiceCode;
  readonly host_id: number;
  readonly name: string;
  readonly type: number;
  readonly password: string;
  readonly listing: string;
  readonly starts_at: number;
  readonly minutes: number;
  readonly time_zone: number;
  /** While it is in progress. */
  readonly started_at: number | null;
  readonly locked: number;
  readonly host_key: string;
  readonly settings: string;
}
export interface AttendeeRow {
  readonly attendee_id: number;
  readonly session_key: number;
  readonly part: string;
  readonly name: string;
  readonly email: string;
  readonly join_status: string;
  readonly register_id: number | null;
  readonly enrolled: string | null;
  readonly enrolled_at: number | null;
  readonly joined_at: number | null;
  readonly call: string | null;
  readonly person: string;
}
