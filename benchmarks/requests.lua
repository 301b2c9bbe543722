-- The requests that wrk sends: the bodies of a file, one to a line, in turn; without a file, a plain GET. All requests are built before the measurement
-- starts, so that sending one costs a table look-up. At the end the script prints the measurements as one line of JSON,
-- with times in microseconds.

local requests, last = {}, 0

function init(args)
   if #args == 0 then
      requests[1] = wrk.format("GET")
      return
   end
   wrk.headers["Content-Type"] = "application/json"
   for body in io.lines(args[1]) do
      requests[#requests + 1] = wrk.format("POST", nil, nil, body)
   end
end

function request()
   last = last % #requests + 1
   return requests[last]
end

function done(summary, latency)
   local errors = summary.errors
   io.write(string.format(
      '{"duration":%d,"requests":%d,"refused":%d,"broken":%d,"p50":%d,"p90":%d,"p99":%d,"max":%d}\n',
      summary.duration, summary.requests, errors.status,
      errors.connect + errors.read + errors.write + errors.timeout,
      latency:percentile(50), latency:percentile(90), latency:percentile(99), summary.requests > 0 and latency.max or 0
   ))
end
