// SPDX-License-Identifier: Apache-2.0
#include "nic/lcores.h"

#include <pthread.h>
#include <rte_launch.h>
#include <rte_lcore.h>

#include <string>
#include <utility>

#include "nic/eal.h"

namespace telefence {

int Lcores::run(void* self) {
  const std::size_t worker = rte_lcore_id() - lcore_of_worker(0);
  const std::string name = "telefence:w" + std::to_string(worker);
  (void)pthread_setname_np(pthread_self(), name.c_str());
  static_cast<Lcores*>(self)->work_(worker);
  return 0;
}

Result<void> Lcores::launch(std::function<void(std::size_t worker)> work) {
  wait();
  work_ = std::move(work);
  for (std::size_t worker = 0; worker < workers_; ++worker) {
    if (const int code = rte_eal_remote_launch(run, this, lcore_of_worker(worker)); code != 0)
      return Error{ErrorCode::kFailed, "worker w" + std::to_string(worker) + " cannot be started: " + std::to_string(code)};
  }
  return {};
}

void Lcores::wait() {
  for (std::size_t worker = 0; worker < workers_; ++worker) (void)rte_eal_wait_lcore(lcore_of_worker(worker));
}

}  // namespace telefence
