-- What wrk asks: the lines of a file as bodies in turn, or a GET when the file is empty; each from every source that
-- the other arguments name. It prints one line of JSON.
local requests, place = {}, 0

function init(args)
  local headers = { ["Host"] = "localhost" }
  if args[2] == "gzip" then headers["Accept-Encoding"] = "gzip" end
  for line in io.lines(args[1]) do
    headers["Content-Type"] = "text/xml; charset=utf-8"
    for source = 3, math.max(3, #args) do
      headers["X-Forwarded-For"] = args[source]
      requests[#requests + 1] = wrk.format("POST", nil, headers, line)
    end
  end
  if #requests == 0 then requests[1] = wrk.format("GET", nil, headers) end
end

function request()
  place = place % #requests + 1
  return requests[place]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"requests": %d, "microseconds": %d, "p50": %d, "p99": %d, "status": %d, "broken": %d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), errors.status,
    errors.connect + errors.read + errors.write + errors.timeout))
end
