import { eachDefect } from "./each-defect.ts";

eachDefect("second");
