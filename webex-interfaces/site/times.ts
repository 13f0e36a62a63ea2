import { Refusal } from "./refusal.ts";

/** A time zone of WebEx's schema, without daylight saving. `offset`: minutes from GMT. */
export interface TimeZone {
  readonly id: number;
  readonly offset: number;
  readonly name: string;
}

const names = `
GMT-12:00, Dateline (Eniwetok) | GMT-11:00, Samoa (Samoa) | GMT-10:00, Hawaii (Honolulu)
GMT-09:00, Alaska (Ancorage) | GMT-08:00, Pacific (San Francisco) | GMT-07:00, Mountain (Arizona)
GMT-07:00, Mountain (Denver) | GMT-06:00, Central (Chicago) | GMT-06:00, Mexico (Mexico City,Tegucigalpa)
GMT-06:00, Central (Regina) | GMT-05:00, S. America Pacific (Bogota) | GMT-05:00, Eastern (New York)
GMT-05:00, Eastern (Indiana) | GMT-04:00, Atlantic (Halifax) | GMT-04:00, S. America Western (Caracas)
GMT-03:30, Newfoundland (Newfoundland) | GMT-03:00, S. America Eastern (Brasilia)
GMT-03:00, S. America Eastern (Buenos Aires) | GMT-02:00, Mid-Atlantic (Mid-Atlantic) | GMT-01:00, Azores (Azores)
GMT+00:00, Greenwich (Casablanca) | GMT+00:00, GMT (London) | GMT+01:00, Europe (Amsterdam)
GMT+01:00, Europe (Paris) | GMT+01:00, Europe (Prague) | GMT+01:00, Europe (Berlin) | GMT+02:00, Greece (Athens)
GMT+02:00, Eastern Europe (Bucharest) | GMT+02:00, Egypt (Cairo) | GMT+02:00, South Africa (Pretoria)
GMT+02:00, Northern Europe (Helsinki) | GMT+02:00, Israel (Tel Aviv) | GMT+03:00, Saudi Arabia (Baghdad)
GMT+03:00, Russian (Moscow) | GMT+03:00, Nairobi (Nairobi) | GMT+03:00, Iran (Tehran)
GMT+04:00, Arabian (Abu Dhabi, Muscat) | GMT+04:00, Baku (Baku) | GMT+04:00, Afghanistan (Kabul)
GMT+05:00, West Asia (Ekaterinburg) | GMT+05:00, West Asia (Islamabad) | GMT+05:30, India (Bombay)
GMT+06:00, Columbo (Columbo) | GMT+06:00, Central Asia (Almaty) | GMT+07:00, Bangkok (Bangkok)
GMT+08:00, China (Beijing) | GMT+08:00, Australia Western (Perth) | GMT+08:00, Singapore (Singapore)
GMT+08:00, Taipei (Hong Kong) | GMT+09:00, Tokyo (Tokyo) | GMT+09:00, Korea (Seoul) | GMT+09:30, Yakutsk (Yakutsk)
GMT+09:30, Australia Central (Adelaide) | GMT+09:30, Australia Central (Darwin)
GMT+10:00, Australia Eastern (Brisbane) | GMT+10:00, Australia Eastern (Sydney) | GMT+10:00, West Pacific (Guam)
GMT+10:00, Tasmania (Hobart) | GMT+10:00, Vladivostok (Vladivostok) | GMT+11:00, Central Pacific (Solomon Is)
GMT+12:00, New Zealand (Wellington) | GMT+12:00, Fiji (Fiji)
`;

/** Time zones by id. */
const timeZones: readonly TimeZone[] = names
  .trim()
  .split(/ \| |\n/)
  .map((name, id) => {
    const [, sign, hours, minutes] = /^GMT([+-])(\d\d):(\d\d)/.exec(name) ?? [];
    return { id, name, offset: (sign === "-" ? -1 : 1) * (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) };
  });

export function zoneOf(id: unknown): TimeZone {
  const zone = timeZones[Number(id)];
  if (!zone) throw new Refusal("invalid", `there is no time zone ${id}`);
  return zone;
}

/** Converts a local time, such as `2026-11-28T10:10:00`, to milliseconds since 1970. */
export function momentOf(local: string, zone: unknown): number {
  return Date.parse(`${local}Z`) - zoneOf(zone).offset * 60_000;
}

export function localTime(moment: number, zone: unknown): string {
  return new Date(moment + zoneOf(zone).offset * 60_000).toISOString().slice(0, 19);
}
