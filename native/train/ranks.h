// Several processes, on one machine or many, that train one network together: each works on its part of every
// batch, and their gradients are averaged.
//
// Whoever starts them sets the environment variables that torchrun, mpirun or Slurm set; without any there is one
// process and nothing here does anything:
//   RANK, WORLD_SIZE, LOCAL_RANK, LOCAL_WORLD_SIZE                               (torchrun, or by hand)
//   OMPI_COMM_WORLD_RANK, OMPI_COMM_WORLD_SIZE, ..._LOCAL_RANK, ..._LOCAL_SIZE   (Open MPI)
//   SLURM_PROCID, SLURM_STEP_NUM_TASKS, SLURM_LOCALID, SLURM_NTASKS_PER_NODE     (srun; where SLURM_STEP_ID is that of
//                                                                                a step)
//   MASTER_ADDR (127.0.0.1), MASTER_PORT (29500)                   where rank 0 listens
// Gradients travel by NCCL between CUDA devices and by Gloo between CPUs.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "native/nets/net.h"

namespace biji {

// Where this process stands. Throws std::runtime_error for numbers that contradict each other.
struct RankPlace {
  int rank = 0;  // 0 .. size - 1
  int size = 1;
  int local = 0;       // among the processes of this machine: its CUDA device
  int local_size = 1;  // how many those are; they share the cores
};
RankPlace rank_place();

class Ranks {
 public:
  // Meets the others (at most five minutes; the error says where it waited). device: that the tensors will be on.
  Ranks(const RankPlace& place, at::Device device);
  ~Ranks();
  Ranks(const Ranks&) = delete;
  Ranks& operator=(const Ranks&) = delete;

  int rank() const { return place_.rank; }
  int size() const { return place_.size; }
  bool first() const { return place_.rank == 0; }

  // All ranks must call these in the same order. They return when it is done, and throw std::runtime_error when
  // another rank is gone.
  void broadcast(at::Tensor tensor);  // rank 0's values to all
  void sum(at::Tensor tensor);
  void mean(at::Tensor tensor);

 private:
  friend class GradientMean;
  struct Group;
  RankPlace place_;
  std::unique_ptr<Group> group_;  // null when alone
};

// Averages a net's gradient over the ranks, a bucket at a time, while backward() still computes the rest.
class GradientMean {
 public:
  // net: with gradients enabled; both must outlive this.
  GradientMean(Net& net, Ranks& ranks);
  ~GradientMean();
  GradientMean(const GradientMean&) = delete;
  GradientMean& operator=(const GradientMean&) = delete;

  void begin();   // before backward()
  void finish();  // after it: waits; net.gradient() is then the mean over all ranks

 private:
  struct Buckets;
  std::shared_ptr<Buckets> buckets_;  // null when alone; hooks hold it too
};

}  // namespace biji
