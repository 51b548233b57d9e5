# Jobs of the test of Sidekiq: the worker process and the client load this file.
require 'sidekiq'

url = "redis://127.0.0.1:#{ENV.fetch('KVSTASH_TEST_PORT')}/0"
Sidekiq.configure_server do |config|
  config.redis = { url: url }
  config.average_scheduled_poll_interval = 1 if config.respond_to?(:average_scheduled_poll_interval=)
end
Sidekiq.configure_client { |config| config.redis = { url: url } }

class Adds
  include Sidekiq::Worker

  def perform(number)
    Sidekiq.redis { |redis| redis.incrby('total', number) }
  end
end

class FailsOnce
  include Sidekiq::Worker
  sidekiq_options retry: 3
  sidekiq_retry_in { 1 }

  def perform
    tries = Sidekiq.redis { |redis| redis.incr('tries') }
    raise 'not yet' if tries < 2
  end
end
