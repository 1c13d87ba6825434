// SPDX-License-Identifier: Apache-2.0

/**
 * Environments that share the GPUs of one host.
 *
 * <p>Many processes, of many users, want some of the GPUs of a host. Each activates an <i>environment</i>: an
 * identifier, perhaps a name, a number of GPUs, perhaps a share of the memory of each. Devices are attached to it that
 * nobody else is given, until its last member leaves or dies. Devices may be over-subscribed on purpose; then the
 * environments that share one take turns by locking it. There is no daemon: the processes coordinate through files in
 * one state directory. All of this is cooperative: it tells programs which devices are theirs, and keeps no program
 * from using others.
 *
 * {@snippet lang = java :
 * EnvConfig config = EnvConfig.builder().name("training").gpus(2).build();
 * ActivationRequest request = ActivationRequest.of(config).waitUpTo(Duration.ofMinutes(10));
 * try (Activation env = Genv.activate(request)) {
 *     env.start(new ProcessBuilder("python3", "train.py").inheritIO()).waitFor();
 * } catch (DevicesUnavailableException e) {
 *     System.err.println(e.getMessage()); // who holds the devices, and since when
 * }
 * }
 *
 * <p>Taking turns on devices that are over-subscribed:
 *
 * {@snippet lang = java :
 * try (Activation env = Genv.activate(ActivationRequest.of(config).overSubscribed())) {
 *     for (Batch batch : batches) {
 *         try (DeviceLock lock = Genv.lock()) {
 *             compute(batch, lock.devices());
 *         }
 *     }
 * }
 * }
 *
 * <table class="striped">
 * <caption>Which type is for what</caption>
 * <thead><tr><th scope="col">for</th><th scope="col">type</th></tr></thead>
 * <tbody>
 * <tr><th scope="row">everything an application does</th><td>{@link genv.api.Genv}</td></tr>
 * <tr><th scope="row">what an environment asks for</th>
 *     <td>{@link genv.api.EnvConfig}, {@link genv.api.MemorySize}</td></tr>
 * <tr><th scope="row">identifier, waiting, over-subscription</th>
 *     <td>{@link genv.api.ActivationRequest}, {@link genv.api.DeviceRequest}</td></tr>
 * <tr><th scope="row">which devices a request is given</th>
 *     <td>{@link genv.api.PlacementPolicy}, {@link genv.api.PlacementOrder}</td></tr>
 * <tr><th scope="row">devices for a limited time</th>
 *     <td>{@link genv.api.ActivationRequest#lease}, {@link genv.api.LeaseListener}, {@link genv.api.Lease}</td></tr>
 * <tr><th scope="row">being in an environment, starting children in it</th><td>{@link genv.api.Activation}</td></tr>
 * <tr><th scope="row">taking turns on shared devices</th>
 *     <td>{@link genv.api.DeviceLock}, {@link genv.api.LockMode}</td></tr>
 * <tr><th scope="row">many tasks in one process</th>
 *     <td>{@link genv.api.Genv#call}, {@link genv.api.Genv#run}</td></tr>
 * <tr><th scope="row">who has what, who waits</th>
 *     <td>{@link genv.api.Snapshot}, {@link genv.api.EnvInfo}, {@link genv.api.DeviceInfo}</td></tr>
 * <tr><th scope="row">another state directory or backend, tests</th>
 *     <td>{@link genv.api.GenvHost}, {@link genv.api.GenvOptions}</td></tr>
 * <tr><th scope="row">failures</th><td>{@link genv.api.GenvException} and its subclasses</td></tr>
 * </tbody>
 * </table>
 *
 * <h2>Variables</h2>
 *
 * While a process has an environment activated, these variables stand in its native environment and are given to
 * children started through {@link genv.api.Activation#start}: {@code GENV_ENVIRONMENT_ID}, {@code
 * GENV_ENVIRONMENT_NAME}, {@code GENV_GPUS} and {@code GENV_GPU_MEMORY} where configured, {@code CUDA_VISIBLE_DEVICES}
 * ({@code -1} for no device), {@code CUDA_DEVICE_ORDER=PCI_BUS_ID}, and for a Python child {@code GENV_PYTHON=1} and
 * {@code GENV_ENVS}. Afterwards each gets back what it held before. Where {@code CUDA_VISIBLE_DEVICES} was set before,
 * by a scheduler perhaps, only those devices are used. A process that is started with {@code GENV_ENVIRONMENT_ID} set
 * is in that environment.
 *
 * <h2>Conventions</h2>
 *
 * Nothing is null, neither arguments, for which {@link NullPointerException} is thrown, nor results: what may be
 * missing is an {@link java.util.Optional}. Lists and maps that are returned are unmodifiable. Arguments that could
 * never be right are refused with {@link IllegalArgumentException} where they are given. Messages state the fact in
 * lower case, then values as {@code name=value}, then what to do.
 */
@NullMarked
package genv.api;

import org.jspecify.annotations.NullMarked;
