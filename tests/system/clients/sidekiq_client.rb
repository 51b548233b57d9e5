# Sidekiq: plain, delayed and failing jobs, with a worker process of its own.
require_relative 'sidekiq_jobs'

def value(key)
  Sidekiq.redis { |redis| redis.get(key) }.to_i
end

def eventually(what)
  100.times do
    return if yield
    sleep 0.3
  end
  abort "never came true: #{what}"
end

jobs = File.expand_path('sidekiq_jobs.rb', __dir__)
worker = spawn('sidekiq', '-r', jobs, '-c', '2', out: File::NULL, err: File::NULL)
begin
  (1..10).each { |number| Adds.perform_async(number) }
  Adds.perform_in(1, 100)
  Sidekiq::Client.push_bulk('class' => Adds, 'args' => [[1000], [2000]])
  FailsOnce.perform_async
  eventually('all jobs ran') { value('total') == 3155 }
  eventually('the failing job was tried again') { value('tries') == 2 }
ensure
  Process.kill('TERM', worker)
  Process.wait(worker)
end
