import { expectTypeOf, test } from "vitest";
import type { ItemOf, ListName, Path, Request, Response } from "../../client/xml-api/operations.ts";

test("the types of a request and an answer follow from the table", () => {
  expectTypeOf<{ meetingKey: string }>().toExtend<Request<"getMeeting">>();
  expectTypeOf<{ meetingKey: number }>().not.toExtend<Request<"getMeeting">>();
  expectTypeOf<{ meetingkey: string }>().not.toExtend<Request<"getMeeting">>();
  expectTypeOf<{ telephony: { telephonySupport: "CALLIN" } }>().toExtend<Request<"createMeeting">>();
  expectTypeOf<{ telephony: { telephonySupport: "SMOKE" } }>().not.toExtend<Request<"createMeeting">>();
  expectTypeOf<{ meetingKey: string }>().toExtend<Request<"getjoinurlMeeting">>();
  expectTypeOf<{ attendeeName: string }>().not.toExtend<Request<"getjoinurlMeeting">>();
  expectTypeOf<{ noLimit: true }>().toExtend<Request<"setScheduledTest">["timeLimit"]>();
  expectTypeOf<{ noLimit: true; withinMinutes: number }>().not.toExtend<Request<"setScheduledTest">["timeLimit"]>();
  expectTypeOf<object>().not.toExtend<Request<"setScheduledTest">["timeLimit"]>();
  expectTypeOf<Response<"getjoinurlMeeting">["joinMeetingURL"]>().toEqualTypeOf<string | undefined>();
  expectTypeOf<"accessControl.listToPublic">().toExtend<Path<"getMeeting">>();
  expectTypeOf<"accessControl.nothing">().not.toExtend<Path<"getMeeting">>();
  expectTypeOf<"lstsummaryMeeting">().toExtend<ListName>();
  expectTypeOf<"getMeeting">().not.toExtend<ListName>();
  expectTypeOf<ItemOf<"lstsummaryMeeting">["duration"]>().toEqualTypeOf<number | undefined>();
});
