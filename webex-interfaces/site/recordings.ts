import type { Site } from "./site.ts";
import type { ServiceCode } from "./tables.ts";

export interface RecordingRow {
  readonly recording_id: number;
  readonly session_key: number;
  readonly conf_id: number;
  readonly service: ServiceCode;
  readonly host_id: number;
  readonly name: string;
  readonly created_at: number;
  readonly seconds: number;
  readonly megabytes: number;
  readonly format: string;
  readonly listing: string;
  readonly password: string;
  readonly settings: string;
}

export function recordingsOf(site: Site, services?: readonly ServiceCode[]): RecordingRow[] {
  return site
    .all<RecordingRow>("SELECT * FROM recordings ORDER BY created_at, recording_id")
    .filter(({ service }) => !services || services.includes(service));
}
